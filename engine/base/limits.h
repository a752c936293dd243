#pragma once

#include <cstddef>
#include <cstdint>

/// Every limit of the process in one place, with its answer. The relations between them are asserted below.
/// Values a deployment may change are copied from here into the settings' defaults; nothing else holds a number.

namespace sluice::limits {

// HTTP head (RFC 9112). Over: 414 for the request line, 431 for the rest; the connection closes.
inline constexpr std::size_t kRequestLineBytes = 8 * 1024;
inline constexpr std::size_t kHeaderFieldBytes = 8 * 1024;
inline constexpr std::size_t kHeadBytes = 16 * 1024;
inline constexpr std::size_t kHeaderFields = 64;

// Bodies. Over: 413.
inline constexpr std::size_t kBodyBytes = 16u << 20;         ///< On the wire.
inline constexpr std::size_t kDecodedBodyBytes = 64u << 20;  ///< After gzip or zstd.
/// The highest a deployment may set; what is decoded ends here too. Finding the structure of a JSON text takes up to
/// four times its size beside it.
inline constexpr std::size_t kBodyBytesMax = 256u << 20;
inline constexpr std::size_t kChunkLineBytes = 256;          ///< Chunk size line with extensions; over: 400, close.
inline constexpr std::size_t kRatioFreeBytes = 1u << 20;     ///< Output before the compression ratio is looked at.
inline constexpr std::size_t kCompressionRatio = 100;
inline constexpr int kGzipMembers = 1000;
inline constexpr int kZstdWindowLog = 23;                    ///< RFC 9659: 8 MiB.

// Items of one request. Over: the item fails (kLineBytes and below) or the request does (kItems: 413).
inline constexpr std::size_t kItems = 100'000;
inline constexpr std::size_t kLineBytes = 1u << 20;          ///< One NDJSON line or one item.
inline constexpr int kJsonDepth = 16;
inline constexpr int kJsonMembers = 64;                      ///< Per object.
inline constexpr std::size_t kKeyBytes = 128;                ///< A JSON member name.
inline constexpr std::size_t kStringBytes = 64 * 1024;       ///< notes, text values, verdict.
inline constexpr std::size_t kMetadataBytes = 16 * 1024;
inline constexpr std::size_t kSourceIdBytes = 256;
inline constexpr std::size_t kClientIdBytes = 128;
inline constexpr std::size_t kIdentifierBytes = 64;          ///< source_type, score_source.
inline constexpr std::size_t kSelectedOptions = 256;
inline constexpr std::size_t kListedErrors = 1000;           ///< `?results=errors` lists at most these, and the count.
inline constexpr std::size_t kIdempotencyKeyBytes = 255;

// Catalogue. Over: the entry is refused with its limit in the text.
inline constexpr std::size_t kLabelsPerWorkspace = 10'000;
inline constexpr std::size_t kWorkspaces = 10'000;
inline constexpr std::size_t kKeys = 100'000;
inline constexpr std::size_t kNameBytes = 256;               ///< Label, annotator, workspace names.
inline constexpr std::size_t kSettingsBytes = 64 * 1024;
inline constexpr std::size_t kOptions = 1000;
/// What labels hold in memory (a label, its texts, its parsed options): of one workspace, and in all. Without them one
/// key could take 10,000 times 128 KiB. A catalogue that holds more already is loaded, and may only shrink.
inline constexpr std::size_t kLabelBytesPerWorkspace = 16u << 20;
inline constexpr std::size_t kLabelBytes = 128u << 20;

// Blocks (DESIGN: rows of one shard inside a group). Halved: more postings and reads per score. Doubled: reads of one
// score copy more, and a group of a quiet server is no larger anyway.
inline constexpr std::size_t kBlockRows = 512;
inline constexpr std::size_t kBlockBytes = 64 * 1024;        ///< A block closes at the first row past either limit.
inline constexpr std::size_t kAtomicRows = kBlockRows;       ///< An atomic batch goes whole into one block; over: 413.
inline constexpr std::size_t kAtomicBytes = 256 * 1024;

// Group: what one synced write makes durable.
inline constexpr std::size_t kGroupBytes = 4u << 20;

// Admission. Full: reading stops for up to kAdmissionWaitMs, then 429.
inline constexpr std::size_t kRingSlots = 1024;              ///< Batches per io thread and shard.
inline constexpr std::size_t kBlockRingSlots = 256;          ///< Closed blocks per shard.
inline constexpr std::int64_t kAdmissionWaitMs = 100;
/// These three at most: less where there is less memory (tools/app/memory_shares.h).
inline constexpr std::size_t kBodyBytesInFlight = 256u << 20;
inline constexpr std::size_t kReplyBytesInFlight = 256u << 20;  ///< Of answers over kCountedReplyBytes.
inline constexpr std::size_t kScoresInFlight = 2'000'000;
inline constexpr std::size_t kCountedReplyBytes = 64 * 1024;    ///< Shorter ones are always sent.
inline constexpr std::size_t kShortReplyBytes = 32 * 1024;      ///< What a write's answer lists where there is no room.

// Rates of one key (net/transport/rate_limiter.h). Over: 429.
inline constexpr std::uint64_t kRateMax = 1'000'000'000'000; ///< The highest that may be set, per second.
inline constexpr std::int64_t kBurstSeconds = 1;             ///< Of its rate that a key may use at once.
inline constexpr std::int64_t kBurstSecondsMax = 3600;

// Reads.
inline constexpr std::size_t kReadQueue = 1024;              ///< Queries waiting; over: 429.
inline constexpr std::size_t kReadsAhead = 2;                ///< Answers a reading thread makes before they are taken.
inline constexpr std::size_t kPageLimit = 1000;
inline constexpr std::size_t kPageDefault = 100;
inline constexpr std::size_t kEventsExamined = 20'000;       ///< Per call of a listing, and folded; then a cursor.
inline constexpr std::size_t kEventsReadAtOnce = 64;         ///< Of one source, folded on the io thread that asks.
inline constexpr std::size_t kEventsPerSource = 100'000;     ///< Folded per source read; beyond: an error.
// Texts of a read, which it holds up to three times: as folded, in the page and in the reply.
inline constexpr std::size_t kPageBytes = 8u << 20;          ///< A page ends at the first score past it, with a cursor.
inline constexpr std::size_t kWholeAnswerBytes = 64u << 20;  ///< Of answers that have no cursor; over: an error.
inline constexpr std::size_t kFoldedBytes = 128u << 20;      ///< Of one read, older values included; over: an error.

// Idempotency-Key answers kept.
inline constexpr std::size_t kIdempotencyEntries = 262'144;
inline constexpr std::size_t kIdempotencyBytes = 64u << 20;  ///< Of their answers; the oldest go first.
inline constexpr std::int64_t kIdempotencyHours = 24;

// Connections and time.
inline constexpr std::size_t kConnections = 10'000;
inline constexpr std::size_t kConnectionsPerAddress = 256;  ///< Over: closed at once. Never counted on loopback.
inline constexpr std::int64_t kHeadSeconds = 10;
inline constexpr std::int64_t kBodySeconds = 300;
inline constexpr std::int64_t kBodyGraceSeconds = 5;
inline constexpr std::int64_t kBodyBytesPerSecond = 1024;
inline constexpr std::int64_t kIdleSeconds = 60;
inline constexpr std::int64_t kWriteSeconds = 30;
inline constexpr std::int64_t kDrainSeconds = 25;

/// Readable bytes required after every JSON text (simdjson's SIMDJSON_PADDING).
inline constexpr std::size_t kPadding = 64;

static_assert(kBlockRows <= 0xFFFF, "slots are 16 bit");
static_assert(kAtomicBytes <= kGroupBytes);
static_assert(kLineBytes <= kBodyBytes);
static_assert(kShortReplyBytes < kCountedReplyBytes);
static_assert(kStringBytes < kLineBytes);
static_assert(kLabelBytesPerWorkspace < kLabelBytes);
static_assert(kPageBytes <= kWholeAnswerBytes && kWholeAnswerBytes <= kFoldedBytes);

}  // namespace sluice::limits
