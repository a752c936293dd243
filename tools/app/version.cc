#include <boost/version.hpp>
#include <openssl/crypto.h>
#include <zlib.h>
#include <zstd.h>

#include "net/dialect/json_reader.h"
#include "tools/app/app.h"

namespace sluice {

std::string version_json() {
  std::string out = "{\"name\":\"sluice\",\"version\":\"" SLUICE_VERSION "\",\"compiler\":\"" __VERSION__
                    "\",\"instructions\":\"" SLUICE_INSTRUCTIONS "\",\"json_kernel\":\"";
  out += json_kernel();
  out += "\",\"libraries\":{\"boost\":\"" BOOST_LIB_VERSION "\",\"rocksdb\":\"" SLUICE_ROCKSDB_VERSION
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
