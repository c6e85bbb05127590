// What is known of the terminal, colours, and a block of lines that is redrawn in place.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"

namespace fleet::cli {

enum class Colour { plain, bold, dim, red, green, yellow, cyan };

/// Facts about standard input, output and error. Immutable but for the size, which is asked of the
/// kernel at each call. Thread-safe.
class Terminal {
  public:
    struct Facts {
        bool in_is_terminal = false;
        bool out_is_terminal = false;
        bool err_is_terminal = false;
        bool colours = false;          ///< allowed where the stream is a terminal
        std::optional<int> columns{};  ///< fixed; unset: asked, 100 where nobody knows
        std::optional<int> rows{};
    };
    using Environment = std::function<std::optional<std::string>(const std::string&)>;

    explicit Terminal(Facts facts) : facts_(facts) {}
    /// Looks at descriptors 0 to 2; honours NO_COLOR, TERM=dumb and COLUMNS.
    [[nodiscard]] static Facts detect(const Environment& environment);

    [[nodiscard]] bool in_is_terminal() const { return facts_.in_is_terminal; }
    [[nodiscard]] bool out_is_terminal() const { return facts_.out_is_terminal; }
    [[nodiscard]] bool err_is_terminal() const { return facts_.err_is_terminal; }
    [[nodiscard]] int columns() const;
    [[nodiscard]] int rows() const;

    /// The text in a colour, if standard output (error) is a terminal that has them.
    [[nodiscard]] std::string paint(std::string_view text, Colour colour) const;
    [[nodiscard]] std::string paint_err(std::string_view text, Colour colour) const;

  private:
    Facts facts_;
};

/// Lines at the bottom of a terminal, redrawn in place. Only for streams that are terminals. The
/// cursor is hidden from the first `show` on; the destructor shows it again and leaves the last
/// block standing. Not thread-safe.
class LiveBlock {
  public:
    LiveBlock(std::ostream& stream, const Terminal& terminal)
        : stream_(stream), terminal_(terminal) {}
    LiveBlock(const LiveBlock&) = delete;
    LiveBlock& operator=(const LiveBlock&) = delete;
    ~LiveBlock();

    /// Replaces the block. Lines are cut to the width (colours do not count), rows to the height.
    void show(const std::vector<std::string>& lines);
    /// A line that stays, above the block.
    void print_above(std::string_view line);
    /// Removes the block.
    void clear();

  private:
    std::string erase_text();

    std::ostream& stream_;
    const Terminal& terminal_;
    std::vector<std::string> shown_;
    std::size_t drawn_ = 0;
    bool hidden_ = false;
};

/// Reads single keys from standard input, without echo, until it is destroyed.
class Keyboard {
  public:
    /// Does nothing when standard input is not a terminal.
    explicit Keyboard(const Terminal& terminal);
    Keyboard(const Keyboard&) = delete;
    Keyboard& operator=(const Keyboard&) = delete;
    ~Keyboard();

    /// The descriptor to poll, -1 without a terminal.
    [[nodiscard]] int fd() const;
    /// A key that is there already; nullopt otherwise.
    [[nodiscard]] std::optional<char> key();

  private:
    struct Saved;
    std::unique_ptr<Saved> saved_;
};

/// Columns that the text takes: code points, wide ones twice, escape sequences not at all.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// At most `columns` wide, ending in "…" when it was cut. Escape sequences are kept and closed.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t columns);
/// Without control characters and invalid UTF-8: what a command wrote must not drive the terminal.
/// Line breaks and tabs become spaces.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace fleet::cli
