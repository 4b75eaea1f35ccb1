# cmake -DWEB=<folder> -DOUTPUT=<file> -P embed.cmake
#
# Writes one ConsoleAsset initialiser per file of WEB: path, content type, ETag and the text as a raw string literal,
# which compilers read at the speed of a copy. Text only: a literal cannot hold a NUL, and C++ promises no more than
# 65,536 bytes of it.

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml; charset=utf-8")

file(GLOB files RELATIVE ${WEB} ${WEB}/*)
list(SORT files)
set(table "")
foreach(file IN LISTS files)
  string(REGEX REPLACE "^.*\\." "" extension "${file}")
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "console: no content type is known for ${file}")
  endif()
  file(SIZE ${WEB}/${file} size)
  if(size GREATER 65535)
    message(FATAL_ERROR "console: ${file} has ${size} bytes; a string literal holds 65,535")
  endif()
  file(READ ${WEB}/${file} body)
  file(SHA256 ${WEB}/${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(REGEX REPLACE "^index\\.html$" "" path "${file}")
  string(APPEND table
    "{\"/${path}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\",\nR\"~asset~(${body})~asset~\"},\n")
endforeach()
file(WRITE ${OUTPUT} "${table}")
