#include <boost/version.hpp>
#include <openssl/crypto.h>
#include <zlib.h>
#include <zstd.h>

#include "tools/app/app.h"

namespace sluice {

std::string version_json() {
  std::string out = "{\"name\":\"sluice\",\"version\":\"" SLUICE_VERSION "\",\"compiler\":\"" __VERSION__
                    "\",\"libraries\":{\"boost\":\"" BOOST_LIB_VERSION "\",\"rocksdb\":\"" SLUICE_ROCKSDB_VERSION
                    "\",\"simdjson\":\"" SLUICE_SIMDJSON_VERSION "\",\"zlib\":\"";
  out += zlibVersion();
  out += "\",\"zstd\":\"";
  out += ZSTD_versionString();
  out += "\",\"openssl\":\"";
  out += OpenSSL_version(OPENSSL_VERSION_STRING);
  out += "\"}}";
  return out;
}

}  // namespace sluice
