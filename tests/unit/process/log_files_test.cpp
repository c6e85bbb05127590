#include "common/process/log_files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/process/utf8.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using Catch::Matchers::Contains;
using process::LogFailure;
using process::LogFiles;
using process::LogFolder;
using test_support::read_file;
using test_support::TemporaryFolder;
using test_support::write_file;

const base::Uuid kId = *base::Uuid::parse("01939f1c-1111-7222-8333-4444555566ab");

LogFiles opened(LogFolder& folder, const std::string& batch, int attempt,
                const std::string& header = "x\n---\n") {
    auto result = folder.open(batch, kId, attempt, header);
    if (auto* failure = std::get_if<LogFailure>(&result)) {
        FAIL(failure->message);
    }
    return std::move(std::get<LogFiles>(result));
}

TEST_CASE("log files lie in the batch's folder, spread by the id's last byte but one") {
    const TemporaryFolder data;
    LogFolder folder(data.path());
    const LogFiles files = opened(folder, "nightly", 2);
    CHECK(files.stdout_path ==
          data.path().string() + "/logs/nightly/66/" + kId.text() + ".2.stdout.txt");
    CHECK(files.stderr_path ==
          data.path().string() + "/logs/nightly/66/" + kId.text() + ".2.stderr.txt");
    CHECK(files.stdout_offset == 6);
    CHECK(read_file(files.stdout_path) == "x\n---\n");
    CHECK(read_file(files.stderr_path).empty());
    CHECK_THAT(opened(folder, "", 1).stdout_path, Contains("/logs/_/66/"));
    CHECK_THAT(opened(folder, "..", 1).stdout_path, Contains("/logs/_../66/"));
}

TEST_CASE("a log file that exists is never written to again") {
    const TemporaryFolder data;
    LogFolder folder(data.path());
    const LogFiles first = opened(folder, "b", 1);
    REQUIRE(::write(first.stdout_fd.get(), "precious", 8) == 8);
    const LogFiles second = opened(folder, "b", 1);
    CHECK(second.stdout_path != first.stdout_path);
    CHECK_THAT(second.stdout_path, Contains(kId.text() + ".1.2.stdout.txt"));
    CHECK_THAT(second.stderr_path, Contains(kId.text() + ".1.2.stderr.txt"));
    CHECK(read_file(first.stdout_path) == "x\n---\nprecious");
}

TEST_CASE("a folder that was tidied away is made again") {
    const TemporaryFolder data;
    LogFolder folder(data.path());
    static_cast<void>(opened(folder, "b", 1));
    std::filesystem::remove_all(data / "logs");
    CHECK(std::filesystem::exists(opened(folder, "b", 2).stdout_path));
}

TEST_CASE("a log folder that cannot be made is named") {
    const TemporaryFolder data;
    write_file(data / "logs", "in the way");
    LogFolder folder(data.path());
    const auto result = folder.open("b", kId, 1, "");
    REQUIRE(std::holds_alternative<LogFailure>(result));
    CHECK(std::get<LogFailure>(result).error == ENOTDIR);
    CHECK_THAT(std::get<LogFailure>(result).message, Contains(data.path().string() + "/logs/b/66"));
}

TEST_CASE("log files are closed on exec and opened for appending") {
    const TemporaryFolder data;
    LogFolder folder(data.path());
    const LogFiles files = opened(folder, "b", 1);
    for (const int fd : {files.stdout_fd.get(), files.stderr_fd.get()}) {
        CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        CHECK((::fcntl(fd, F_GETFL) & O_APPEND) != 0);
    }
}

TEST_CASE("the header says what ran where, and ends with a line of dashes") {
    const std::vector<std::string> argv{"sh", "-c", "echo \"hi\"\n---\n"};
    const std::string text = process::header_text({.store = "sqlite:/x/fleet.db",
                                                   .execution = "id",
                                                   .attempt = 3,
                                                   .host = "box",
                                                   .worker = "w1",
                                                   .argv = argv,
                                                   .directory = "/two\nlines",
                                                   .started_at = base::store_time(0),
                                                   .note = "a note"});
    CHECK(text ==
          "store: sqlite:/x/fleet.db\nexecution: id\nattempt: 3\nhost: box\nworker: w1\n"
          "argv: [\"sh\",\"-c\",\"echo \\\"hi\\\"\\n---\\n\"]\ndirectory: /two lines\n"
          "started: 1970-01-01T00:00:00.000Z\nnote: a note\n---\n");
}

TEST_CASE("a huge argument is cut in the header") {
    const std::vector<std::string> argv{"cat", std::string(1'000'000, 'x')};
    const std::string text = process::header_text({.argv = argv});
    CHECK(text.size() < 70'000);
    CHECK_THAT(text, Contains("(cut)") && Catch::EndsWith("---\n"));
}

TEST_CASE("the tail of a log begins after the header and at a character's edge") {
    const TemporaryFolder folder;
    const auto file = folder / "log";
    write_file(file, "head\xC3\xA4\xC3\xB6\xC3\xBC");
    process::Tail all = process::read_tail(file, 4, 100);
    CHECK(all.text == "\xC3\xA4\xC3\xB6\xC3\xBC");
    CHECK_FALSE(all.cut);
    CHECK_FALSE(all.lossy);
    CHECK(all.bytes == 6);
    process::Tail cut = process::read_tail(file, 4, 3);
    CHECK(cut.text == "\xC3\xBC");
    CHECK(cut.cut);
    CHECK_FALSE(cut.lossy);
    CHECK(process::read_tail(file, 10, 100).text.empty());
    CHECK_FALSE(process::read_tail(file, 10, 100).truncated);
    CHECK(process::read_tail(file, 11, 100).truncated);
    CHECK_THROWS_AS(process::read_tail(folder / "none", 0, 10), base::StoreError);
}

TEST_CASE("output that is not UTF-8 is marked, and the file keeps its bytes") {
    const TemporaryFolder folder;
    write_file(folder / "log", "a\xFF z");
    const process::Tail tail = process::read_tail(folder / "log", 0, 100);
    CHECK(tail.lossy);
    CHECK(tail.text == "a\xEF\xBF\xBD z");
    CHECK(read_file(folder / "log") == "a\xFF z");
}

bool is_utf8(const std::string& text) {
    try {
        static_cast<void>(base::Json(text).dump());  // strict: throws at the first wrong byte
        return true;
    } catch (const base::Json::exception&) {
        return false;
    }
}

TEST_CASE("any bytes become valid UTF-8, and valid UTF-8 stays as it is") {
    REQUIRE(rc::check("always valid, and lossy says whether anything changed", [] {
        std::string bytes;
        for (const int piece : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 400))) {
            if (piece < 256) {
                bytes.push_back(static_cast<char>(piece));
            } else {
                constexpr std::array<const char*, 5> kGood{"\xC3\xA4", "\xE2\x82\xAC",
                                                           "\xF0\x9F\x98\x80", "z", "\xEF\xBB\xBF"};
                bytes += kGood.at(static_cast<std::size_t>(piece) % kGood.size());
            }
        }
        const process::Utf8Text text = process::to_utf8(bytes);
        RC_ASSERT(is_utf8(text.text));
        RC_ASSERT(text.lossy == !is_utf8(bytes));
        RC_ASSERT(text.lossy || text.text == bytes);
        RC_ASSERT(!process::to_utf8(text.text).lossy);
        const auto limit = *rc::gen::inRange<std::size_t>(0, text.text.size() + 2);
        for (const auto part :
             {process::utf8_suffix(text.text, limit), process::utf8_prefix(text.text, limit)}) {
            RC_ASSERT(is_utf8(std::string(part)));
            RC_ASSERT(part.size() <= limit);
            RC_ASSERT(part.size() + 3 >= std::min(limit, text.text.size()));
        }
    }));
}

}  // namespace
