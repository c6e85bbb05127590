#include "cli/core/terminal.hpp"

#include <algorithm>
#include <charconv>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <sys/ioctl.h>

namespace fleet::cli {
namespace {

constexpr int kDefaultColumns = 100;
constexpr int kDefaultRows = 40;

constexpr std::string_view kReset = "\x1b[0m";

std::string_view escape_of(Colour colour) {
    switch (colour) {
        case Colour::plain:
            return "";
        case Colour::bold:
            return "\x1b[1m";
        case Colour::dim:
            return "\x1b[2m";
        case Colour::red:
            return "\x1b[31m";
        case Colour::green:
            return "\x1b[32m";
        case Colour::yellow:
            return "\x1b[33m";
        case Colour::cyan:
            return "\x1b[36m";
    }
    return "";
}

std::string painted(std::string_view text, Colour colour, bool allowed) {
    if (!allowed || colour == Colour::plain || text.empty()) {
        return std::string(text);
    }
    return std::string(escape_of(colour)).append(text).append(kReset);
}

/// Of the first standard stream that is a terminal and knows its size.
std::optional<winsize> kernel_size() {
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO}) {
        winsize size{};
        if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
            return size;
        }
    }
    return std::nullopt;
}

}  // namespace

Terminal::Facts Terminal::detect(const Environment& environment) {
    Facts facts;
    facts.in_is_terminal = ::isatty(STDIN_FILENO) == 1;
    facts.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
    facts.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
    const std::optional<std::string> no_colour = environment("NO_COLOR");
    const std::optional<std::string> kind = environment("TERM");
    const bool wanted = !no_colour || no_colour->empty();
    facts.colours = wanted && kind && !kind->empty() && *kind != "dumb";
    if (const std::optional<std::string> columns = environment("COLUMNS")) {
        int value = 0;
        const char* end = columns->data() + columns->size();
        const auto parsed = std::from_chars(columns->data(), end, value);
        if (parsed.ec == std::errc() && parsed.ptr == end && value >= 20) {
            facts.columns = value;
        }
    }
    return facts;
}

int Terminal::columns() const {
    if (facts_.columns) {
        return *facts_.columns;
    }
    const std::optional<winsize> size = kernel_size();
    return size ? size->ws_col : kDefaultColumns;
}

int Terminal::rows() const {
    if (facts_.rows) {
        return *facts_.rows;
    }
    const std::optional<winsize> size = kernel_size();
    return size && size->ws_row > 0 ? size->ws_row : kDefaultRows;
}

std::string Terminal::paint(std::string_view text, Colour colour) const {
    return painted(text, colour, facts_.colours && facts_.out_is_terminal);
}

std::string Terminal::paint_err(std::string_view text, Colour colour) const {
    return painted(text, colour, facts_.colours && facts_.err_is_terminal);
}

std::string LiveBlock::erase_text() {
    std::string text;
    if (drawn_ > 0) {
        text = "\r";
        if (drawn_ > 1) {
            text += "\x1b[" + std::to_string(drawn_ - 1) + "A";
        }
        text += "\x1b[J";
        drawn_ = 0;
    }
    return text;
}

void LiveBlock::show(const std::vector<std::string>& lines) {
    const auto height = static_cast<std::size_t>(std::max(terminal_.rows() - 1, 1));
    const auto width = static_cast<std::size_t>(std::max(terminal_.columns() - 1, 1));
    std::string text = hidden_ ? "" : "\x1b[?25l";
    hidden_ = true;
    text += erase_text();
    const std::size_t count = std::min(lines.size(), height);
    for (std::size_t at = 0; at < count; ++at) {
        text += (at > 0 ? "\n" : "") + cut_to_width(lines[at], width);
    }
    drawn_ = count;
    shown_.assign(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count));
    // One write: a terminal never shows half a block.
    stream_ << text << std::flush;
}

void LiveBlock::print_above(std::string_view line) {
    const std::vector<std::string> block = shown_;
    stream_ << erase_text() << line << '\n';
    if (block.empty()) {
        stream_ << std::flush;
    } else {
        show(block);
    }
}

void LiveBlock::clear() {
    stream_ << erase_text() << std::flush;
    shown_.clear();
}

LiveBlock::~LiveBlock() {
    try {
        if (drawn_ > 0) {
            stream_ << '\n';
        }
        if (hidden_) {
            stream_ << "\x1b[?25h" << std::flush;
        }
    } catch (...) {
        // The terminal has gone: there is no cursor left to show.
        stream_.clear();
    }
}

struct Keyboard::Saved {
    termios before{};
};

Keyboard::Keyboard(const Terminal& terminal) {
    auto saved = std::make_unique<Saved>();
    if (!terminal.in_is_terminal() || ::tcgetattr(STDIN_FILENO, &saved->before) != 0) {
        return;
    }
    termios single_keys = saved->before;
    single_keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    single_keys.c_cc[VMIN] = 0;
    single_keys.c_cc[VTIME] = 0;
    if (::tcsetattr(STDIN_FILENO, TCSANOW, &single_keys) == 0) {
        saved_ = std::move(saved);
    }
}

Keyboard::~Keyboard() {
    if (saved_) {
        ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_->before);
    }
}

int Keyboard::fd() const {
    return saved_ ? STDIN_FILENO : -1;
}

std::optional<char> Keyboard::key() {
    char key = 0;
    if (!saved_ || ::read(STDIN_FILENO, &key, 1) != 1) {
        return std::nullopt;
    }
    return key;
}

}  // namespace fleet::cli
