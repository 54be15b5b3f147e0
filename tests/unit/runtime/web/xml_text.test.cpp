#include "runtime/web/xml_text.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace troupe;

TEST_CASE("XML: an element is found by its name, and what follows it by going on") {
  const std::string xml = "<List><Name>a</Name><NameMore>x</NameMore><Name>b</Name></List>";
  std::size_t from = 0;
  std::vector<std::string> names;
  while (const auto found = next_element(xml, "Name", from))
    names.emplace_back(*found);
  CHECK(names == std::vector<std::string>{"a", "b"});
  CHECK(xml_text(xml, "NameMore") == "x");
  CHECK_FALSE(xml_text(xml, "Other"));
}

TEST_CASE("XML: what is no XML has no elements") {
  CHECK_FALSE(xml_text("", "Code"));
  CHECK_FALSE(xml_text("<Code>cut off", "Code"));
  CHECK_FALSE(xml_text("cut off</Code>", "Code"));
  CHECK_FALSE(xml_text("</Code><Code>", "Code"));
}

TEST_CASE("XML: characters that are written by name or number") {
  CHECK(from_xml("a &lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;") == "a <b> & \"c\" 'd'");
  CHECK(from_xml("&#65;&#x42;&#228;") == "AB?");
  CHECK(from_xml("&amp;lt;") == "&lt;");
  CHECK(from_xml("& alone") == "& alone");
}

TEST_CASE("XML: any text comes back as it was written") {
  CHECK(rc::check([](const std::string& text) {
    std::string xml = "<Key>";
    append_xml(xml, text);
    RC_ASSERT(xml_text(xml + "</Key>", "Key") == text);
  }));
}
