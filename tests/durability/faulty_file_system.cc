#include "tests/durability/faulty_file_system.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace fanfare {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// What is wrong with the disk and what of it is durable. The mutex is held through every write: the power goes between
// two of them.
struct FaultyDisk {
  std::mutex mutex;
  bool powerless = false;
  FaultyFileSystem::Space space = FaultyFileSystem::Space::kPlenty;
  std::uint64_t syncs = 0;
  std::map<std::string, std::uint64_t> synced_bytes;  // of the files written since the beginning
  std::set<std::string> unnamed;                      // those whose directory was not synced since they were made

  // With the mutex.
  IOStatus change() const { return powerless ? IOStatus::IOError("the power is gone") : IOStatus::OK(); }
  IOStatus growth() {
    if (space == FaultyFileSystem::Space::kPlenty) return change();
    space = FaultyFileSystem::Space::kNone;
    return IOStatus::NoSpace("the disk is full");
  }

  void rename(const std::string& from, const std::string& to) {
    if (auto file = synced_bytes.extract(from)) {
      file.key() = to;
      synced_bytes.erase(to);
      synced_bytes.insert(std::move(file));
    }
    if (unnamed.erase(from) != 0) unnamed.insert(to);
  }
};

namespace {

class File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile>&& real, std::shared_ptr<FaultyDisk> disk, std::string name)
      : FSWritableFileOwnerWrapper(std::move(real)), disk_(std::move(disk)), name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    std::lock_guard lock(disk_->mutex);
    if (IOStatus may = disk_->growth(); !may.ok()) return may;
    bytes_ += data.size();
    return target()->Append(data, options, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    std::lock_guard lock(disk_->mutex);
    if (IOStatus may = disk_->change(); !may.ok()) return may;
    ++disk_->syncs;
    disk_->synced_bytes[name_] = bytes_;
    return target()->Flush(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  // A hint to begin writing, which promises nothing.
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Allocate(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    std::lock_guard lock(disk_->mutex);
    return disk_->growth();
  }

 private:
  const std::shared_ptr<FaultyDisk> disk_;
  const std::string name_;
  std::uint64_t bytes_ = 0;
};

class Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory>&& real, std::shared_ptr<FaultyDisk> disk)
      : FSDirectoryWrapper(std::move(real)), disk_(std::move(disk)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    std::lock_guard lock(disk_->mutex);
    if (IOStatus may = disk_->change(); !may.ok()) return may;
    disk_->unnamed.clear();  // the log has one directory
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  const std::shared_ptr<FaultyDisk> disk_;
};

class Files final : public rocksdb::FileSystemWrapper {
 public:
  explicit Files(std::shared_ptr<FaultyDisk> disk)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(std::move(disk)) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    std::lock_guard lock(disk_->mutex);
    if (IOStatus may = disk_->growth(); !may.ok()) return may;
    std::unique_ptr<rocksdb::FSWritableFile> real;
    if (IOStatus made = target()->NewWritableFile(name, options, &real, debug); !made.ok()) return made;
    disk_->synced_bytes[name] = 0;
    disk_->unnamed.insert(name);
    *result = std::make_unique<File>(std::move(real), disk_, name);
    return IOStatus::OK();
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSDirectory> real;
    if (IOStatus made = target()->NewDirectory(name, options, &real, debug); !made.ok()) return made;
    *result = std::make_unique<Directory>(std::move(real), disk_);
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    std::lock_guard lock(disk_->mutex);
    if (IOStatus may = disk_->change(); !may.ok()) return may;
    disk_->rename(from, to);
    return target()->RenameFile(from, to, options, debug);
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* bytes,
                        IODebugContext* debug) override {
    std::lock_guard lock(disk_->mutex);
    if (disk_->space != FaultyFileSystem::Space::kNone) return target()->GetFreeSpace(path, options, bytes, debug);
    *bytes = 0;
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    std::lock_guard lock(disk_->mutex);
    if (IOStatus may = disk_->change(); !may.ok()) return may;
    disk_->synced_bytes.erase(name);
    disk_->unnamed.erase(name);
    return target()->DeleteFile(name, options, debug);
  }

 private:
  const std::shared_ptr<FaultyDisk> disk_;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem()
    : disk_(std::make_shared<FaultyDisk>()), env_(rocksdb::NewCompositeEnv(std::make_shared<Files>(disk_))) {}
FaultyFileSystem::~FaultyFileSystem() = default;

rocksdb::Env* FaultyFileSystem::env() const {
  return env_.get();
}

void FaultyFileSystem::lose_power() {
  std::lock_guard lock(disk_->mutex);
  disk_->powerless = true;
}

void FaultyFileSystem::forget_unsynced() {
  std::lock_guard lock(disk_->mutex);
  for (const auto& name : disk_->unnamed) {
    std::filesystem::remove(name);
    disk_->synced_bytes.erase(name);
  }
  for (const auto& [name, bytes] : disk_->synced_bytes) std::filesystem::resize_file(name, bytes);
}

void FaultyFileSystem::set_space(Space space) {
  std::lock_guard lock(disk_->mutex);
  disk_->space = space;
}

std::uint64_t FaultyFileSystem::syncs() const {
  std::lock_guard lock(disk_->mutex);
  return disk_->syncs;
}

}  // namespace fanfare
