// Feeds every file of a corpus folder to one fuzz target, so that what a fuzzer once found stays
// tested without it. Fails when the folder is missing or empty: an unplayed corpus is no test.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::uint8_t> octets(text.begin(), text.end());
    std::fprintf(stderr, "%s\n", path.filename().c_str());  // named when it crashes
    LLVMFuzzerTestOneInput(octets.data(), octets.size());
  }
  std::fprintf(stderr, "%zu inputs of %s\n", files.size(), argv[1]);
  return files.empty() ? 1 : 0;
}
