// embed WEB OUTPUT: writes the files of the folder WEB as C++ that console.cc includes: for each its path, its content
// type and its bodies, as they are and in each content coding, with their ETags. A step of the build, so that nothing
// is compressed while the hub runs, and as well as can be.
#include <brotli/encode.h>
#include <openssl/sha.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int kGzipWindow = 15 + 16;  // 16: with gzip's header and trailer
constexpr int kGzipMemory = 9;
constexpr std::size_t kTagBytes = 16;

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "console: " << why << "\n";
  std::exit(1);
}

std::string gzip(const std::string& plain) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kGzipMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    stop("gzip cannot start");
  }
  std::string coded(deflateBound(&stream, plain.size()), '\0');
  std::string input = plain;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) stop("gzip failed");
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  return coded;
}

std::string brotli(const std::string& plain) {
  std::string coded(BrotliEncoderMaxCompressedSize(plain.size()), '\0');
  std::size_t size = coded.size();
  if (BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, plain.size(),
                            reinterpret_cast<const std::uint8_t*>(plain.data()), &size,
                            reinterpret_cast<std::uint8_t*>(coded.data())) != BROTLI_TRUE) {
    stop("brotli failed");
  }
  coded.resize(size);
  return coded;
}

std::string zstd(const std::string& plain) {
  std::string coded(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress(coded.data(), coded.size(), plain.data(), plain.size(), ZSTD_maxCLevel());
  if (ZSTD_isError(size) != 0) stop("zstd failed");
  coded.resize(size);
  return coded;
}

// A hash of these very bytes: other ones, of another coding or release, have another.
std::string tag_of(const std::string& bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string tag;
  for (std::size_t i = 0; i < kTagBytes; ++i) tag.append({kHex[digest[i] >> 4], kHex[digest[i] & 15]});
  return tag;
}

// As a string literal: three octal digits end by themselves, whatever follows.
std::string literal(const std::string& bytes) {
  constexpr std::size_t kLine = 32;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i % kLine == 0) text += i == 0 ? "\"" : "\"\n\"";
    text += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
             static_cast<char>('0' + (byte & 7))};
  }
  return text + "\"";
}

std::string content_type(const fs::path& file) {
  static const std::map<std::string, std::string> kTypes = {{".html", "text/html; charset=utf-8"},
                                                            {".css", "text/css; charset=utf-8"},
                                                            {".js", "text/javascript; charset=utf-8"},
                                                            {".svg", "image/svg+xml; charset=utf-8"}};
  const auto found = kTypes.find(file.extension().string());
  if (found == kTypes.end()) stop("no content type is known for " + file.string());
  return found->second;
}

// The smallest first, what the file itself is last; what a coding makes no smaller is left out.
std::string bodies_of(const std::string& plain) {
  std::vector<std::pair<std::string, std::string>> bodies = {
      {"kBr", brotli(plain)}, {"kZstd", zstd(plain)}, {"kGzip", gzip(plain)}};
  std::erase_if(bodies, [&](const auto& each) { return each.second.size() >= plain.size(); });
  std::ranges::sort(bodies, {}, [](const auto& each) { return each.second.size(); });
  bodies.emplace_back("kIdentity", plain);
  std::string text;
  for (const auto& [coding, bytes] : bodies) {
    text += "  {Coding::" + coding + ", \"\\\"" + tag_of(bytes) + "\\\"\", std::string_view(\n" + literal(bytes) +
            ", " + std::to_string(bytes.size()) + ")},\n";
  }
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) stop("usage: embed WEB OUTPUT");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(arguments[1])) files.push_back(entry.path());
  std::ranges::sort(files);
  std::ofstream output(arguments[2]);
  std::string table;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::ostringstream plain;
    plain << std::ifstream(files[i]).rdbuf();
    const std::string name = files[i].filename().string();
    const std::string bodies = "kBodies" + std::to_string(i);
    output << "constexpr ConsoleBody " << bodies << "[] = {\n" << bodies_of(plain.str()) << "};\n";
    table +=
        "  {\"/" + (name == "index.html" ? "" : name) + "\", \"" + content_type(files[i]) + "\", " + bodies + "},\n";
  }
  output << "constexpr ConsoleAsset kAssets[] = {\n" << table << "};\n";
  output.close();
  if (!output) stop(std::string("cannot write ") + arguments[2]);
  return 0;
}
