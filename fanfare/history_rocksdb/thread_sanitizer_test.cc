// RocksDB is not instrumented: ThreadSanitizer sees its memcpy and memcmp, but not the atomics that order them.
// A writer's batch may be copied by another's thread, in a string's append whose callers in RocksDB are not seen: the
// writing thread writes, and the one that keeps retention.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\nrace:RetentionKeeper::keep()\n";
}
