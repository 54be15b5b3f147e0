#include "gateways/rest/reference_pages.hpp"

#include "gateways/rest/byte_range.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "messages/api/references.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/crypto/sha256.hpp"

#include <boost/json.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe {

namespace {

namespace json = boost::json;

struct page {
  std::string text;
  std::string etag;
};

page make_page(std::string text) {
  auto etag = "\"" + hex(sha256(text)).substr(0, 32) + "\"";
  return {std::move(text), std::move(etag)};
}

/// All documents by path below the root.
class reference_texts {
 public:
  /// The document, or null; from any lane. `root_url` does not change once the server listens.
  const page* find(const std::string& name, std::string_view root_url) {
    std::call_once(made_, [this, root_url] { make(root_url); });
    const auto found = pages_.find(name);
    return found == pages_.end() ? nullptr : &found->second;
  }

 private:
  void make(std::string_view root_url) {
    json::array all;
    for (auto& document : make_reference_documents()) {
      pages_.emplace(document.filename, make_page(absolute_text(document, root_url)));
      all.push_back(
          json::object{{"filename", document.filename}, {"content", std::move(document.content)}});
    }
    pages_.emplace("references/references.json", make_page(json::serialize(all)));
  }

  std::once_flag made_;
  std::unordered_map<std::string, page> pages_;
};

api_response answer_with(const page* found, const door_request& door) {
  api_response response;
  if (found == nullptr) {
    response.status = 404;
    response.body = R"({"error":"Not found; /references/manifest.json says what there is"})";
    return response;
  }
  response.headers.emplace_back("ETag", found->etag);
  response.headers.emplace_back("Cache-Control", "public, max-age=300");
  if (etag_matches(door.header("if-none-match"), found->etag)) {
    response.status = 304;
    return response;
  }
  response.body = found->text;
  return response;
}

}  // namespace

void add_reference_pages(rest_gateway& rest, const settings& config, const blob_signer* signer) {
  auto texts = std::make_shared<reference_texts>();
  for (const std::string folder : {"references", "schemas"})
    rest.add_page("GET", "/" + folder + "/<file*>", door_access::open,
                  [texts, folder, &config, signer](const door_request& door) {
                    const auto root = signer == nullptr ? std::string_view{config.root_url}
                                                        : std::string_view{signer->root_url()};
                    return answer_with(texts->find(folder + "/" + door.params.front(), root), door);
                  });
}

}  // namespace troupe
