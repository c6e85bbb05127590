// A certificate for 127.0.0.1 and localhost that signs itself, made where it is needed, so that no
// key lies in the repository. Safe from any thread.
#pragma once

#include <filesystem>

#include "tests/support/mock_provider/http_server.hpp"

namespace fleet::mock_provider {

/// Writes certificate.pem and key.pem (mode 0600) into the folder; valid for a day from an hour
/// ago. Clients trust it by the certificate itself. Throws Error, also when this build has no TLS.
[[nodiscard]] TlsFiles make_self_signed(const std::filesystem::path& folder);

}  // namespace fleet::mock_provider
