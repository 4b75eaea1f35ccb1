// RocksDB is not instrumented: ThreadSanitizer sees its memcpy and memcmp, but not the atomics that order them.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n";
}
