# One target per room. A room's folder holds its sources and, beside each, its tests (*_test.cc); the target links
# only what the room may include, so a wrong include fails to link as well as in tests/tidy_test.cc.
include(GoogleTest)

# Rooms in which more than one thread meets: their tests run under ThreadSanitizer too.
set(FANFARE_THREADED_ROOMS observe jwks history history_rocksdb hub net server client)

add_library(fanfare_options INTERFACE)
target_compile_features(fanfare_options INTERFACE cxx_std_23)
target_compile_options(fanfare_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Werror
  # GCC 12 warns of std::string's own operator+ (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  -fno-omit-frame-pointer)
target_include_directories(fanfare_options INTERFACE ${PROJECT_SOURCE_DIR})
if(FANFARE_SANITIZE)
  target_compile_options(fanfare_options INTERFACE -fsanitize=${FANFARE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(fanfare_options INTERFACE -fsanitize=${FANFARE_SANITIZE})
endif()
if(FANFARE_FUZZ)
  target_compile_options(fanfare_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# fanfare_room(<name> [ROOMS room...] [LINKS target...]): ROOMS are rooms whose headers this room's headers or
# sources include; LINKS are outside libraries.
function(fanfare_room name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ARG_ROOMS PREPEND fanfare_)
  if(sources)
    add_library(fanfare_${name} STATIC ${sources})
    target_link_libraries(fanfare_${name} PUBLIC fanfare_options ${ARG_ROOMS} ${ARG_LINKS})
  else()
    add_library(fanfare_${name} INTERFACE)
    target_link_libraries(fanfare_${name} INTERFACE fanfare_options ${ARG_ROOMS} ${ARG_LINKS})
  endif()
  if(tests)
    fanfare_unit_test(${name} SOURCES ${tests} LINKS fanfare_${name})
  endif()
endfunction()

# fanfare_unit_test(<name> SOURCES file... LINKS target...): the GoogleTest program <name>_test, part of the target
# unit_tests. CTest knows its tests as <name>.<suite>.<test>, labelled "unit" ("threaded unit" where threads meet).
function(fanfare_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  if(NOT GTest_FOUND)
    return()
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LINKS} fanfare_options GTest::gtest GTest::gtest_main)
  set(label unit)
  if(name IN_LIST FANFARE_THREADED_ROOMS)
    set(label "threaded unit")
    set_property(GLOBAL APPEND PROPERTY FANFARE_THREADED_TESTS ${name}_test)
  endif()
  set_property(GLOBAL APPEND PROPERTY FANFARE_UNIT_TESTS ${name}_test)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 300 LABELS ${label})
endfunction()
