# troupe_embed_tables(<out>)
#   Schemas and descriptions of the API become part of the program: bytes of an object file, in
#   pieces a compiler takes. <out> gets the sources that hold them.
# troupe_page(<name> <file>...)
#   The library ui_<name>_page: files of a page that become part of the program, each as a function
#   of ui/<name>_page/<name>_page.hpp, such as <name>_page_js for page.js. What is a directory
#   becomes a function that has its scripts by their paths: <name>_<directory>.
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

function(troupe_page name)
  set(sources)
  foreach(file IN LISTS ARGN)
    get_filename_component(short "${file}" NAME)
    string(REGEX REPLACE "[.-]" "_" function "${name}_${short}")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp")
    set(script "${troupe_embed_root}/cmake/EmbedText.cmake")
    set(inputs ${file})
    if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      set(script "${troupe_embed_root}/cmake/EmbedTree.cmake")
      file(GLOB_RECURSE inputs CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}/*.js")
    endif()
    add_custom_command(
      OUTPUT "${output}"
      COMMAND "${CMAKE_COMMAND}" -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUTPUT=${output}
              -DHEADER=ui/${name}_page/${name}_page.hpp -DFUNCTION=${function} -P "${script}"
      DEPENDS ${inputs} "${script}"
      VERBATIM)
    list(APPEND sources "${output}")
  endforeach()
  troupe_library(ui_${name}_page SOURCES ${sources})
endfunction()
