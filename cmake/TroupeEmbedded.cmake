# troupe_embed_tables(<out>)
#   Schemas and descriptions of the API become part of the program: bytes of an object file, in
#   pieces a compiler takes. <out> gets the sources that hold them.
get_filename_component(troupe_embed_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

function(troupe_embed_tables out)
  set(result)
  foreach(pair "schemas schema_data" "descriptions description_data")
    separate_arguments(pair)
    list(GET pair 0 source)
    list(GET pair 1 name)
    set(text "${troupe_embed_root}/messages/api/${source}.json")
    set(script "${troupe_embed_root}/cmake/EmbedText.cmake")
    set(made "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
    add_custom_command(
      OUTPUT "${made}"
      COMMAND "${CMAKE_COMMAND}" "-DINPUT=${text}" "-DOUTPUT=${made}"
              -DHEADER=messages/api/${name}.hpp -DFUNCTION=${name} -P "${script}"
      DEPENDS "${text}" "${script}"
      VERBATIM)
    list(APPEND result "${made}")
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()
