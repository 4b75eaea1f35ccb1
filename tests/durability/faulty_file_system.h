// A file system for the durable log that fails on demand: its power goes, and with it all that was not synced; its
// disk is full; its writes are counted.
// What it is not: a store of its own. Files are on the real disk, cut back to what was synced after the power went.
// Any thread.
#pragma once

#include <cstdint>
#include <memory>

namespace rocksdb {
class Env;
}

namespace fanfare {

struct FaultyDisk;

class FaultyFileSystem {
 public:
  FaultyFileSystem();
  ~FaultyFileSystem();

  // For RocksDbLogOptions::env; lives as long as this.
  rocksdb::Env* env() const;

  // From now on nothing is written or synced.
  void lose_power();
  // After the log is closed: files end where they were last synced; those whose directory was not synced are gone.
  void forget_unsynced();

  // While it is full, what would make files grow fails with ENOSPC.
  enum class Space {
    kPlenty,
    kNone,
    kNoneUnawares,  // and nobody is told until the first write has failed
  };
  void set_space(Space space);

  std::uint64_t syncs() const;

 private:
  const std::shared_ptr<FaultyDisk> disk_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace fanfare
