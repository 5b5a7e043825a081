// SecretMask: cuts known secrets out of texts that others wrote: a cluster's reason, a proxy's, a
// database's message. They may echo what was sent to them, and not always as it was sent.
//
// A value; mask() may be called from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace syncline {

class SecretMask {
 public:
  // In every form in which it is likely to come back: as it is, percent-encoded, escaped as in JSON
  // and HTML, and in base64, also as a part of something longer. An empty one hides nothing.
  void add(std::string_view secret);
  // A user's password, and the two together as HTTP's basic authentication sends them.
  void add_login(std::string_view user, std::string_view password);

  // Stars in place of secrets, and of whatever looks like a signature. A form of less than
  // kFreeBytesMin bytes is hidden only where it stands as a word of its own: a password "on" must
  // not make every message unreadable.
  static constexpr size_t kFreeBytesMin = 8;
  std::string mask(std::string_view text) const;
  // The same for a name that programs compare, the type of an error: one that looks like such a
  // name stays, whatever words a password is made of.
  std::string mask_name(std::string_view name) const;

 private:
  void add_form(std::string form);
  void add_text_forms(const std::string& text);
  void add_base64(std::string_view secret);

  std::vector<std::string> forms_;  // longest first
};

}  // namespace syncline
