#include "app/commands.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/secrets/secret_keys.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace troupe {

namespace {

struct secrets_flags {
  std::string data;
  std::string file;
  CLI::App* new_key = nullptr;
  CLI::App* rotate = nullptr;
  CLI::App* drop = nullptr;

  std::string path() const { return file.empty() ? secret_key_file(data) : file; }
};

int finish(const outcome<secret_ring>& ring, const std::string& what) {
  if (!ring) {
    complain(ring.error().message);
    return exit_usage;
  }
  std::cerr << what << "\n";
  return exit_fine;
}

int change_keys(const secrets_flags& flags) {
  if (flags.data.empty() && flags.file.empty()) {
    complain("say where the keys are: --data DIR of the server, or --file FILE");
    return exit_usage;
  }
  const auto path = flags.path();
  if (flags.rotate->parsed())
    return finish(
        add_secret_key(path, thread_random()),
        "A new key is the first in " + path +
            ". Restart the server: it seals all secrets and access tokens with that key and logs "
            "when the older ones are no longer needed for either.");
  return finish(drop_old_secret_keys(path), "Only the newest key is left in " + path +
                                                ". The server reads it at its next start.");
}

int run(const secrets_flags& flags) {
  if (!flags.new_key->parsed())
    return change_keys(flags);
  std::cout << secret_ring::make_key(thread_random()) << "\n" << std::flush;
  return exit_fine;
}

}  // namespace

command add_secrets_command(CLI::App& root) {
  auto* app = root.add_subcommand("secrets", "makes and changes the keys of secrets");
  app->require_subcommand(1);
  auto flags = std::make_shared<secrets_flags>();
  flags->new_key = app->add_subcommand("new-key", "prints a new key");
  flags->rotate = app->add_subcommand("rotate-key", "puts a new key before those of a server");
  flags->drop = app->add_subcommand("drop-old-keys",
                                    "removes all keys but the newest, once nothing needs them");
  for (auto* sub : {flags->rotate, flags->drop}) {
    sub->add_option("--data", flags->data, "data directory of the server")->envname("TROUPE_DATA");
    sub->add_option("--file", flags->file, "file of the keys, if it is another one")
        ->envname("TROUPE_SECRETS_KEY_FILE");
  }
  return [flags] { return run(*flags); };
}

}  // namespace troupe
