// Makes text from a peer safe to show on a terminal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace fanfare::cli {

// Appends text with every control character (C0 but tab, DEL, C1), every character that reorders what is shown
// (bidirectional controls) and every byte that is not UTF-8 written as \xNN or \u{N}. Line feeds too: \x0a.
void append_printable(std::string& out, std::string_view text);
std::string printable(std::string_view text);

}  // namespace fanfare::cli
