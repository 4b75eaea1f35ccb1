// Topic selectors (draft-dunglas-mercure-07 section 3): "*", an exact topic, or an RFC 6570 URI template; and the
// filter that a set of them, with the grants for private updates, makes of an audience.
// Immutable after construction; any thread. SelectorCompiler: one thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/history/event_log.h"

namespace fanfare {

// A URI template compiled to a linear-time automaton (RE2). Shared by all audiences that select by it.
class CompiledTemplate {
 public:
  // A rough bound of the heap memory that one takes when it has matched a few topics; counted against the budget.
  static constexpr std::size_t kBytesPerInstruction = 64;
  static constexpr std::size_t kBytesFixed = 2'048;

  // Fails if the text is no template or is too complex to compile.
  static Result<std::unique_ptr<const CompiledTemplate>> make(std::string_view text);
  ~CompiledTemplate();
  CompiledTemplate(const CompiledTemplate&) = delete;
  CompiledTemplate& operator=(const CompiledTemplate&) = delete;

  const std::string& text() const { return text_; }
  // Every topic that matches begins with it.
  const std::string& literal_prefix() const { return literal_prefix_; }
  const std::string& regex() const;
  std::size_t memory_bytes() const;
  // Whether the template can expand to this topic.
  bool matches(std::string_view topic) const;

 private:
  struct Automaton;
  CompiledTemplate(std::string_view text, std::string literal_prefix, std::unique_ptr<Automaton> automaton);

  const std::string text_;
  const std::string literal_prefix_;
  const std::unique_ptr<Automaton> automaton_;
};
using CompiledTemplatePtr = std::shared_ptr<const CompiledTemplate>;

// Selectors as one condition: a topic matches if any of them does.
class SelectorSet {
 public:
  bool matches(std::string_view topic) const;
  bool matches_any(const std::vector<std::string>& topics) const;

  // Whether a topic of the hub's own (hub_topic.h) could match.
  bool may_match_hub_topics() const;

  bool has_any() const { return any_; }
  // Topics that match byte for byte, the texts of templates among them (section 3 of the specification); not those
  // that a template of the set matches too.
  const std::vector<std::string>& exact() const { return exact_; }
  const std::vector<CompiledTemplatePtr>& templates() const { return templates_; }

 private:
  friend class SelectorCompiler;
  bool any_ = false;
  std::vector<std::string> exact_;  // sorted
  std::vector<CompiledTemplatePtr> templates_;
};

// What an audience receives: updates that its selectors match and, if private, that its grants match too.
class AudienceFilter final : public UpdateFilter {
 public:
  AudienceFilter(SelectorSet selectors, SelectorSet grants)
      : selectors_(std::move(selectors)),
        grants_(std::move(grants)),
        may_get_hub_topics_(selectors_.may_match_hub_topics() && grants_.may_match_hub_topics()) {}

  bool wants(const Update& update) const override {
    return selectors_.matches_any(update.topics) && may_receive(update);
  }
  bool selects(std::string_view topic) const override { return selectors_.matches(topic); }
  std::optional<std::span<const std::string>> exact_topics() const override {
    if (selectors_.has_any() || !selectors_.templates().empty()) return std::nullopt;
    return selectors_.exact();
  }
  // Only updates of the hub's own are transient.
  bool may_want_transient() const override { return may_get_hub_topics_; }
  // Given that the selectors match.
  bool may_receive(const Update& update) const { return !update.is_private || grants_.matches_any(update.topics); }
  const SelectorSet& selectors() const { return selectors_; }
  // Whether it could receive an update of the hub's own (hub_topic.h): most audiences cannot, whatever they select.
  bool may_get_hub_topics() const { return may_get_hub_topics_; }

 private:
  const SelectorSet selectors_;
  const SelectorSet grants_;
  const bool may_get_hub_topics_;
};

// Selector texts in the one order and form that equal sets share: sorted, each once; "*" alone if it is among them.
std::vector<std::string> canonical_selectors(std::vector<std::string> texts);

// The grants that can matter to a subscriber with these selectors: those for the hub's own topics alone do not, unless
// it selects them. (All others may: an update has alternate topics, and may be selected by one and granted by another.)
std::vector<std::string> relevant_grants(const SelectorSet& selectors, std::vector<std::string> grants);

// Equal for two subscribers exactly if they belong to the same audience.
std::string audience_key(const SelectorSet& selectors, const SelectorSet& grants);

enum class SelectorFailure {
  kTooComplex,  // the template cannot be compiled: the client's fault (400)
  kOverBudget,  // the compiled selectors of all subscribers would exceed their bound (503)
};
struct SelectorError {
  SelectorFailure failure;
  std::string message;
};

// Compiles each template once for as long as anybody uses it, within a bound in bytes.
class SelectorCompiler {
 public:
  explicit SelectorCompiler(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Canonical texts. A text that is not a valid template is an exact topic. Sets that differ only in exact topics that
  // their templates match come out equal.
  std::expected<SelectorSet, SelectorError> compile(const std::vector<std::string>& texts);
  std::size_t memory_bytes() const { return *charged_bytes_; }

 private:
  // Null for what is no template.
  std::expected<CompiledTemplatePtr, SelectorError> compile_template(const std::string& text);
  void forget_unused();

  const std::size_t bytes_max_;
  const std::shared_ptr<std::atomic<std::size_t>> charged_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::size_t sweep_at_ = 64;
  std::unordered_map<std::string, std::weak_ptr<const CompiledTemplate>> known_;
};

}  // namespace fanfare
