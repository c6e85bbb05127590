// Reads members of a JSON object that this or another version of the program wrote. Only for .cpp
// files of the codecs. Absent members leave the target as it is; wrong types throw ProtocolError
// naming the member.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/base/errors.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

class JsonObjectReader {
  public:
    using Json = nlohmann::ordered_json;

    /// `what` names the record in messages: "attempt record".
    JsonObjectReader(const base::JsonText& text, const std::string& what);
    JsonObjectReader(const Json& object, std::string what);
    JsonObjectReader(const JsonObjectReader&) = delete;
    JsonObjectReader& operator=(const JsonObjectReader&) = delete;
    ~JsonObjectReader();

    void read(const char* name, std::string& target) const;
    void read(const char* name, bool& target) const;
    void read(const char* name, double& target) const;
    void read(const char* name, std::int64_t& target) const;
    void read(const char* name, int& target) const;
    void read(const char* name, base::Millis& target) const;
    void read(const char* name, base::StoreTime& target) const;
    template <typename Value>
    void read(const char* name, std::optional<Value>& target) const {
        if (find(name) != nullptr) {
            Value value{};
            read(name, value);
            target = value;
        }
    }

    /// nullptr when the member is absent or null.
    [[nodiscard]] const Json* find(const char* name) const;
    /// nullptr when absent; throws if it is not an array.
    [[nodiscard]] const Json* find_array(const char* name) const;
    [[noreturn]] void refuse(const std::string& name, const std::string& wanted) const;

  private:
    std::unique_ptr<const Json> object_;
    std::string what_;
};

}  // namespace fleet::model
