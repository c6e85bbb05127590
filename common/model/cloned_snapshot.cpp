#include "common/model/cloned_snapshot.hpp"

#include <cstddef>
#include <string_view>

#include "common/base/errors.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::model {
namespace {

class Members {
  public:
    Members(std::string_view text, const std::string& execution)
        : text_(text), execution_(execution) {
        skip_blanks();
        if (peek() != '{') {
            refuse("it is not a JSON object");
        }
        ++at_;
        skip_blanks();
    }

    /// False at the end.
    bool next(std::string_view& key, std::string_view& value) {
        if (peek() == '}') {
            return false;
        }
        key = string();
        skip_blanks();
        if (peek() != ':') {
            refuse("a member has no value");
        }
        ++at_;
        skip_blanks();
        value = this->value();
        skip_blanks();
        if (peek() == ',') {
            ++at_;
            skip_blanks();
        } else if (peek() != '}') {
            refuse("it is cut off");
        }
        return true;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw base::ProtocolError("the latest checkpoint of execution " + execution_ + ": " + what +
                                  " (at byte " + std::to_string(at_ + 1) + ")");
    }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_blanks() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
            ++at_;
        }
    }

    /// With its quotes.
    std::string_view string() {
        const std::size_t begin = at_;
        if (peek() != '"') {
            refuse("a string is expected");
        }
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            at_ += text_[at_] == '\\' ? 1 : 0;
        }
        if (at_ >= text_.size()) {
            refuse("it is cut off");
        }
        ++at_;
        return text_.substr(begin, at_ - begin);
    }

    std::string_view value() {
        const std::size_t begin = at_;
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = peek();
            if (c == '"') {
                static_cast<void>(string());
                continue;
            }
            if (depth == 0 && (c == ',' || c == '}')) {
                break;
            }
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= c == '}' || c == ']' ? 1 : 0;
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    std::string_view text_;
    const std::string& execution_;
    std::size_t at_ = 0;
};

}  // namespace

base::JsonText cloned_snapshot(const base::JsonText& json, const std::string& from,
                               const std::string& to) {
    JsonObjectWriter writer;
    writer.text("execution_id", to);
    writer.text("parent_execution_id", from);
    writer.null("pending_launches");
    base::JsonText clone = writer.finish();
    clone.pop_back();
    Members members(json, from);
    std::string_view key;
    std::string_view value;
    while (members.next(key, value)) {
        if (key != "\"execution_id\"" && key != "\"parent_execution_id\"" &&
            key != "\"pending_launches\"") {
            clone += ',';
            clone += key;
            clone += ':';
            clone += value;
        }
    }
    return clone + '}';
}

}  // namespace fleet::model
