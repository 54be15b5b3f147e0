# Turns a text file into a function that returns it: INPUT, OUTPUT, HEADER, FUNCTION.
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" list "${list}")
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace troupe {

namespace {
constexpr unsigned char bytes[] = {
${list}
};
}  // namespace

std::string_view ${FUNCTION}() {
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace troupe
")
