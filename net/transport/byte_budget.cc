#include "net/transport/byte_budget.h"

#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr std::size_t kAccounts = limits::kWorkspaces + 1;
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

ByteBudget::ByteBudget(std::size_t bytes_max)
    : bytes_max_(bytes_max), accounts_(std::make_unique<Account[]>(kAccounts)) {}

ByteBudget::Account& ByteBudget::account(WorkspaceNumber workspace) const noexcept {
  // A damaged catalogue may hold a higher number: that workspace would share an account, and nothing else.
  return accounts_[workspace % kAccounts];
}

bool ByteBudget::try_take(WorkspaceNumber workspace, std::size_t bytes) noexcept {
  const std::size_t before = held_.fetch_add(bytes, kRelaxed);
  const std::size_t own = account(workspace).fetch_add(bytes, kRelaxed) + bytes;
  const std::size_t all = before + bytes;
  if (before == 0 || all <= bytes_max_ / 2 || (all <= bytes_max_ && own <= bytes_max_ / 4)) return true;
  give_back(workspace, bytes);
  return false;
}

void ByteBudget::take(WorkspaceNumber workspace, std::size_t bytes) noexcept {
  held_.fetch_add(bytes, kRelaxed);
  account(workspace).fetch_add(bytes, kRelaxed);
}

void ByteBudget::give_back(WorkspaceNumber workspace, std::size_t bytes) noexcept {
  held_.fetch_sub(bytes, kRelaxed);
  account(workspace).fetch_sub(bytes, kRelaxed);
}

}  // namespace sluice
