// `providers:` and `error_classes:`.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "common/pace/default_rules.hpp"
#include "machines/config/fields.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"
#include "machines/http/url.hpp"

namespace fleet::fleet_file {
namespace {

using config::Fields;
using config::Findings;
using config::Member;
using config::Node;

/// What is said of a provider as a whole, also beside one of its models.
constexpr std::array<std::string_view, 10> kSettingKeys{
    "base_url", "family",          "api_key_env", "api_key_file",     "needs_key",
    "headers",  "connect_timeout", "timeout",     "max_answer_bytes", "ca_file"};
constexpr std::string_view kJsonMode = "json_mode";
constexpr const char* kKeyAdvice =
    "write `api_key_env: VARIABLE` or `api_key_file: FILE`, and take the key out of this file";

/// Keys of this file that would hold a secret.
void refuse_secrets(const Node& map, Fields& fields) {
    for (const char* key : {"api_key", "key", "apikey", "token", "secret", "password", "bearer"}) {
        refuse_key(map, fields, key, "a key does not belong into this file", kKeyAdvice);
    }
    refuse_key(map, fields, "key_env", "there is no key `key_env` here",
               "did you mean `api_key_env`?");
    refuse_key(map, fields, "key_file", "there is no key `key_file` here",
               "did you mean `api_key_file`?");
}

agents::Prices read_prices(const Node& map, const std::string& path, Findings& findings) {
    constexpr double kMost = 1e6;
    Fields fields(map, path, findings);
    agents::Prices prices;
    const auto input = fields.number("input", {0, kMost});
    const auto output = fields.number("output", {0, kMost});
    if (!fields.has("input") || !fields.has("output")) {
        findings.refuse(fields.place(), "a price has `input` and `output`",
                        "write both, for a million tokens; 0 where it costs nothing");
    }
    prices.input = input.value_or(0);
    prices.output = output.value_or(0);
    prices.cache_read = fields.number("cache_read", {0, kMost});
    prices.cache_write = fields.number("cache_write", {0, kMost});
    fields.finish();
    return prices;
}

std::string base_url_of(Fields& fields) {
    std::string url = fields.text("base_url").value_or("");
    if (url.empty()) {
        return url;
    }
    const auto place = fields.place_of_key("base_url");
    const auto host = url.find("://");
    const auto at = url.find('@');
    if (!http::is_http_url(url) || !is_plain_name(url)) {
        fields.findings().refuse(place, "`base_url` is no http or https URL",
                                 "write http://HOST:PORT/v1 or https://HOST/v1");
    } else if (at != std::string::npos && at < url.find('/', host + 3)) {
        fields.findings().refuse(place, "`base_url` holds a user or a password", kKeyAdvice);
    } else if (url.find_first_of("?#") != std::string::npos) {
        fields.findings().refuse(place, "`base_url` goes on after its path",
                                 "end it before the `?` or `#`: paths are added to it");
    }
    while (url.ends_with('/')) {
        url.pop_back();
    }
    return url;
}

/// Relative paths count from the file's folder.
std::string file_of(Fields& fields, std::string_view key, const std::filesystem::path& folder) {
    const auto text = fields.text(key);
    return text && !text->empty()
               ? std::filesystem::absolute(folder / *text).lexically_normal().string()
               : std::string();
}

void read_key_place(Fields& fields, const std::filesystem::path& folder,
                    agents::ProviderSettings& settings) {
    settings.api_key_env = fields.text("api_key_env").value_or("");
    settings.api_key_file = file_of(fields, "api_key_file", folder);
    settings.needs_key = fields.boolean("needs_key");
    if (fields.has("api_key_env") && !is_variable_name(settings.api_key_env)) {
        // What stands there may be the key itself.
        fields.findings().refuse(fields.place_of_key("api_key_env"),
                                 "`api_key_env` is no name of a variable",
                                 "write the variable's name, such as OPENAI_API_KEY, not the key");
    }
    if (fields.has("api_key_env") && fields.has("api_key_file")) {
        fields.findings().refuse(fields.place_of_key("api_key_file"),
                                 "`api_key_env` and `api_key_file` are both given",
                                 "leave one of them out");
    }
}

agents::ProviderSettings read_settings(Fields& fields, const std::filesystem::path& folder) {
    static const std::vector<std::string> families{"openai", "anthropic"};
    constexpr DurationRange kTimes{.least = base::Millis{1}, .most = std::chrono::hours(24)};
    constexpr std::int64_t kLargestAnswer = std::int64_t{1} << 30U;
    agents::ProviderSettings settings;
    settings.base_url = base_url_of(fields);
    if (const auto family = fields.choice("family", families)) {
        settings.family = *family == 0 ? agents::Family::openai : agents::Family::anthropic;
    }
    read_key_place(fields, folder, settings);
    settings.headers = headers(fields, "headers");
    settings.connect_timeout =
        duration(fields, "connect_timeout", kTimes).value_or(settings.connect_timeout);
    settings.timeout = duration(fields, "timeout", kTimes).value_or(settings.timeout);
    if (const auto bytes = amount(fields, "max_answer_bytes", 1)) {
        if (*bytes > kLargestAnswer) {
            fields.findings().refuse(fields.place_of_key("max_answer_bytes"),
                                     "`max_answer_bytes` is above 1 GiB", "choose a smaller one");
        }
        settings.max_answer_bytes = static_cast<std::size_t>(*bytes);
    }
    settings.ca_file = file_of(fields, "ca_file", folder);
    settings.json_mode = fields.boolean(kJsonMode).value_or(settings.json_mode);
    return settings;
}

/// Reads the entries of `providers:` and puts together what they say of one provider.
class ProviderReader {
  public:
    ProviderReader(const std::filesystem::path& folder, Findings& findings, FleetFile& file)
        : folder_(folder), findings_(findings), file_(file) {}

    void read(const Member& member) {
        const auto slash = member.key.find('/');
        const std::string provider = member.key.substr(0, slash);
        const std::string path = "providers." + member.key;
        if (!is_plain_name(member.key) || provider.empty() || member.key.ends_with('/')) {
            findings_.refuse({member.at, path}, "`" + member.key + "` is no name of a provider",
                             "write PROVIDER, or PROVIDER/MODEL for the limits of a model");
        }
        if (!is_mapping(member.value, member.key, "requests_per_minute: N", findings_)) {
            return;
        }
        const Node& map = mapping_of(member.value);
        Fields fields(map, path, findings_);
        const bool has_rules = std::ranges::any_of(
            rule_keys(), [&map](const std::string& key) { return map.find(key) != nullptr; });
        model::ProviderRules rules = read_rules(member.key, map, fields);
        if (slash == std::string::npos) {
            if (has_rules) {
                file_.providers.push_back(std::move(rules));
            } else {
                file_.without_rules.push_back(provider);
            }
            read_price_list(fields, provider);
        } else {
            if (!has_rules) {
                by_provider_.push_back(file_.providers.size());
            }
            file_.providers.push_back(std::move(rules));
            if (const Node* const prices = fields.get("prices", Node::Kind::map)) {
                prices_[provider][member.key.substr(slash + 1)] =
                    read_prices(*prices, path + ".prices", findings_);
            }
        }
        collect_settings(fields, map, provider);
        refuse_secrets(map, fields);
        fields.finish();
    }

    void finish() {
        for (const auto& [provider, map] : settings_) {
            Fields fields(map, "providers." + provider, findings_);
            file_.settings[provider] = read_settings(fields, folder_);
        }
        for (auto& [provider, prices] : prices_) {
            file_.settings[provider].prices = std::move(prices);
        }
        std::ranges::for_each(by_provider_, [this](std::size_t at) { take_rules(at); });
    }

  private:
    /// Of the model's provider, where the file has some.
    void take_rules(std::size_t at) {
        model::ProviderRules& own = file_.providers[at];
        const auto whole = std::ranges::find(file_.providers, pace::provider_of(own.name),
                                             &model::ProviderRules::name);
        if (whole != file_.providers.end()) {
            own = pace::rules_for(*whole, own.name);
        }
    }

    void read_price_list(Fields& fields, const std::string& provider) {
        const Node* const list = fields.get("prices", Node::Kind::map);
        if (list == nullptr) {
            return;
        }
        for (const Member& one : list->members) {
            const std::string path = fields.path_of("prices") + '.' + one.key;
            if (!one.value.is_map()) {
                findings_.refuse(
                    {one.value.at, path},
                    "the price of `" + one.key + "` is " + std::string(name_of(one.value.kind)),
                    "write `MODEL: {input: 1.25, output: 10}`");
                continue;
            }
            prices_[provider].insert_or_assign(one.key, read_prices(one.value, path, findings_));
        }
    }

    /// The same may be said beside each model, but nothing different.
    void collect_settings(Fields& fields, const Node& map, const std::string& provider) {
        Node& all = settings_[provider];
        if (!all.is_map()) {
            all.kind = Node::Kind::map;
            all.at = map.at;
        }
        const auto collect = [&](std::string_view key) {
            if (fields.get(key) == nullptr) {
                return;
            }
            const Member& said = *map.find(key);
            const Member* const before = all.find(key);
            if (before == nullptr) {
                all.members.push_back(said);
            } else if (to_json(before->value) != to_json(said.value)) {
                findings_.refuse(fields.place_of_key(key),
                                 "`" + said.key + "` of provider `" + provider +
                                     "` is another one in line " + std::to_string(before->at.line),
                                 "say it once, under `" + provider + ":`");
            }
        };
        std::ranges::for_each(kSettingKeys, collect);
        collect(kJsonMode);
    }

    const std::filesystem::path& folder_;
    Findings& findings_;
    FleetFile& file_;
    std::vector<std::size_t> by_provider_;  ///< of file_.providers: models without own rules
    std::map<std::string, Node> settings_;
    std::map<std::string, std::map<std::string, agents::Prices>> prices_;
};

std::vector<std::string> refusal_names() {
    using model::Refusal;
    std::vector<std::string> names;
    for (const Refusal one :
         {Refusal::none, Refusal::per_second, Refusal::per_minute, Refusal::per_hour,
          Refusal::per_day, Refusal::overloaded, Refusal::billing, Refusal::auth, Refusal::too_long,
          Refusal::bad_request}) {
        names.emplace_back(to_text(one));
    }
    return names;
}

void read_error_class(const Node& value, const std::string& path, Findings& findings,
                      FleetFile& file) {
    constexpr config::Range kStatuses{100, 599};
    static const std::vector<std::string> names = refusal_names();
    Fields fields(value, path, findings);
    limits::ErrorClass one;
    one.text = fields.text("text").value_or("");
    one.status = small_integer(fields, "status", kStatuses);
    one.provider = fields.text("provider").value_or("");
    if (!fields.has("means")) {
        findings.refuse(fields.place(), "the class does not say what it `means`",
                        "add `means:` with " + config::one_of(names));
    } else if (const auto means = fields.choice("means", names)) {
        one.refusal = *model::parse_refusal(names[*means]);
    }
    if (!fields.has("text") && !fields.has("status") && !fields.has("provider")) {
        findings.refuse(fields.place(), "the class applies to every error of every provider",
                        "add `text`, `status` or `provider`");
    }
    if (one.provider.find('/') != std::string::npos) {
        findings.refuse(fields.place_of_key("provider"), "`provider` names a model",
                        "write the provider alone: a class holds for all its models");
    }
    fields.finish();
    file.error_classes.added.push_back(std::move(one));
}

}  // namespace

void read_providers(const Node& value, const std::filesystem::path& folder, Findings& findings,
                    FleetFile& file) {
    if (!is_mapping(value, "providers", "PROVIDER/MODEL: {requests_per_minute: N}", findings)) {
        return;
    }
    ProviderReader reader(folder, findings, file);
    for (const Member& member : value.members) {
        reader.read(member);
    }
    reader.finish();
}

void read_error_classes(const Node& value, Findings& findings, FleetFile& file) {
    constexpr const char* kForm =
        "write `- {text: TEXT, status: N, means: per_day}` lines below it";
    if (!value.is_list()) {
        findings.refuse({value.at, "error_classes"},
                        "`error_classes` is " + std::string(name_of(value.kind)), kForm);
        return;
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        const Node& item = value.items[i];
        const std::string path = "error_classes." + std::to_string(i);
        if (item.is_map()) {
            read_error_class(item, path, findings, file);
        } else {
            findings.refuse({item.at, path}, "the class is " + std::string(name_of(item.kind)),
                            kForm);
        }
    }
}

}  // namespace fleet::fleet_file
