#include "common/contracts/result.hpp"

#include <string_view>

#include "common/base/errors.hpp"

namespace fleet::contracts {
namespace {

constexpr std::string_view kScheme = "flatagents://";

}  // namespace

std::string result_uri(const std::string& execution_id) {
    return std::string(kScheme) + execution_id + "/result";
}

ResultAddress parse_result_uri(const std::string& uri) {
    if (uri.starts_with(kScheme)) {
        const std::size_t slash = uri.find('/', kScheme.size());
        if (slash != std::string::npos && slash > kScheme.size()) {
            const std::string path = uri.substr(slash + 1);
            if (path == "result" || path == "checkpoint") {
                return {uri.substr(kScheme.size(), slash - kScheme.size()), path};
            }
        }
    }
    throw base::ProtocolError("\"" + uri + "\" is not a result's URI",
                              "write flatagents://EXECUTION_ID/result or .../checkpoint");
}

}  // namespace fleet::contracts
