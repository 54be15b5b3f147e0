#include "app/server_files.hpp"

#include "app/data_directory.hpp"
#include "messages/json_members.hpp"
#include "messages/json_text.hpp"
#include "runtime/clock/random.hpp"

#include <boost/json.hpp>

#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <filesystem>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view root_id = "static/taskcluster/root";

json::value parse_file(const std::string& path) {
  boost::system::error_code failed;
  return json::parse(read_file(path), failed);
}

// Each server of this user has its own file there, so that one that ends hides no other.
std::string pointer_file() {
  return runtime_directory() + "/" + std::to_string(::getpid()) + ".json";
}

bool is_alive(const json::value& info) {
  const auto* pid = info.is_object() ? info.get_object().if_contains("pid") : nullptr;
  return pid != nullptr && pid->is_int64() &&
         (::kill(static_cast<pid_t>(pid->get_int64()), 0) == 0 || errno == EPERM);
}

// What the server that was started last has written. Servers that were killed left their files.
json::value newest_server() {
  namespace fs = std::filesystem;
  std::error_code failed;
  json::value newest;
  fs::file_time_type newest_time{};
  for (const auto& entry : fs::directory_iterator{runtime_directory(), failed}) {
    if (entry.path().extension() != ".json")
      continue;
    const auto time = entry.last_write_time(failed);
    auto info = parse_file(entry.path().string());
    if (!is_alive(info)) {
      fs::remove(entry.path(), failed);
    } else if (newest.is_null() || time > newest_time) {
      newest = std::move(info);
      newest_time = time;
    }
  }
  return newest;
}

std::string credentials_text(const credentials& root) {
  std::string out = "{\"clientId\": ";
  append_json_string(out, root.client_id);
  out += ", \"accessToken\": ";
  append_json_string(out, root.access_token);
  return out + "}\n";
}

}  // namespace

outcome<credentials> ensure_root_client(settings& config, const std::string& data_dir) {
  const auto file = data_dir + "/root-credentials";
  for (const auto& client : config.static_clients)
    if (client.client_id == root_id) {
      const credentials given{client.client_id, client.access_token, {}};
      TROUPE_CHECK(write_file(file, credentials_text(given), 0600));
      return given;
    }
  credentials root{std::string{root_id}, text_of(parse_file(file), "accessToken"), {}};
  if (root.access_token.size() < 22) {
    root.access_token = make_slugid(thread_random()) + make_slugid(thread_random());
    TROUPE_CHECK(write_file(file, credentials_text(root), 0600));
  }
  config.static_clients.push_back({root.client_id, root.access_token, {"*"}, "root client"});
  return root;
}

outcome<void> write_server_info(const std::string& data_dir, const node_doors& doors) {
  json::object info;
  info["rootUrl"] = doors.root_url;
  info["httpPort"] = doors.http_port;
  if (doors.https_port != 0)
    info["httpsPort"] = doors.https_port;
  info["zmqPubPort"] = doors.zmq_pub_port;
  info["zmqRouterPort"] = doors.zmq_router_port;
  info["cafPort"] = doors.caf_port;
  info["metricsPort"] = doors.metrics_port;
  info["cafAddress"] = doors.caf_address;
  info["data"] = data_dir;
  info["pid"] = ::getpid();
  const auto text = json::serialize(info) + "\n";
  TROUPE_CHECK(write_file(data_dir + "/up.json", text, 0644));
  return write_file(pointer_file(), text, 0600);
}

void remove_server_info(const std::string& data_dir) {
  std::error_code ignored;
  std::filesystem::remove(data_dir + "/up.json", ignored);
  std::filesystem::remove(pointer_file(), ignored);
}

outcome<local_server> find_local_server(const std::string& data_dir) {
  const auto info = data_dir.empty() ? newest_server() : parse_file(data_dir + "/up.json");
  local_server found;
  found.root_url = text_of(info, "rootUrl");
  found.data_dir = text_of(info, "data");
  const auto root = parse_file(found.data_dir + "/root-credentials");
  found.root = {text_of(root, "clientId"), text_of(root, "accessToken"), {}};
  if (found.root_url.empty() || found.root.access_token.empty())
    return make_api_error(error_code::resource_not_found,
                          "no troupe runs here; start one with 'troupe up', or say where it is "
                          "with --root-url, --client-id and --access-token");
  found.caf_address = text_of(info, "cafAddress");
  return found;
}

}  // namespace troupe
