# Turns the scripts below a directory into a table of their texts by path: INPUT, OUTPUT, HEADER,
# FUNCTION.
file(GLOB_RECURSE files RELATIVE "${INPUT}" "${INPUT}/*.js")
set(arrays "")
set(entries "")
set(number 0)
foreach(file IN LISTS files)
  file(READ "${INPUT}/${file}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${bytes}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" list "${list}")
  string(APPEND arrays "constexpr unsigned char text_${number}[] = {\n${list}\n};\n")
  string(APPEND entries "    {\"${file}\", {reinterpret_cast<const char*>(text_${number}), sizeof text_${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace troupe {

namespace {
${arrays}
}  // namespace

const std::map<std::string_view, std::string_view>& ${FUNCTION}() {
  static const std::map<std::string_view, std::string_view> files = {
${entries}  };
  return files;
}

}  // namespace troupe
")
