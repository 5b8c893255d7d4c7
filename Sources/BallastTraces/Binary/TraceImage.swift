import BallastModel
import BallastUnits
import CZlib

/// Ballast's own binary form of a trace (`.btrace`): columns that are used where they are mapped.
///
/// Every open trace has this form, also one that was read from text. All integers are little-endian; a word
/// has 64 bits; every part starts at a multiple of 8 bytes.
///
/// ```
/// header      64 words, below
/// CPU         UInt32 per sample: parts per million of the VM's size, 0 … 1,000,000
/// kHz         UInt32 per sample, as recorded; absent where no series has it
/// memory      UInt32 per sample: parts per million or KiB; absent where no series has it
/// times       Int64 per sample of the series whose times are not first + i · step: nanoseconds since the
///             trace's first timestamp, strictly ascending
/// series      16 words per series, byte-wise by name: `SeriesRecord`
/// steps       2 words per kind of distance between two timestamps of a series, ascending: nanoseconds, count
/// names       UTF-8, end to end
/// trailer     in a file only: SHA-256 of everything before it, 32 bytes
/// ```
///
/// Header words 0 … 22 are `TraceHeader.Word`; ...Start is in bytes from the beginning. Then 23–24 format of
/// the source in ASCII · 25–28 SHA-256 of the source · 29–44 counts of `Quirk` by number · 45–53 and 55–63
/// CPU and memory of the source before clipping: count, then as IEEE doubles mean, sd, maximum and p25, p50,
/// p75, p95, p99 (NaN where not known).
///
/// A file is checked in full when it is opened: lengths against the file, every series against its columns,
/// the CRC, and the trailer, which also yields the file's own SHA-256 in the same pass.
struct TraceImage: Sendable {
  static let headerWords = 64
  static let headerBytes = headerWords * 8
  static let trailerBytes = 32
  /// "\x89BTRACE\n": the first byte keeps it from being text, the last shows a damaged line end.
  static let magic: Int64 = Int64(bitPattern: 0x0a45_4341_5254_4289)
  static let byteOrderMark: Int64 = 0x0102_0304_0506_0708
  static let version: Int64 = 1
  static let recordWords = 16

  let storage: MappedBytes
  let header: TraceHeader

  /// One series of the table.
  struct SeriesRecord {
    var nameStart: Int64 = 0
    var nameBytes: Int64 = 0
    /// −1 where the source does not say; so are the two below.
    var vcpus: Int64 = -1
    var memoryBytes: Int64 = -1
    var capacityKilohertz: Int64 = -1
    /// Bit 0: has kHz. Bit 1: has memory.
    var columns: Int64 = 0
    /// Index of the first sample in the columns.
    var sampleStart: Int64 = 0
    var sampleCount: Int64 = 0
    /// Index of the first time; −1: times are first + i · step.
    var timesStart: Int64 = -1
    var first: Int64 = 0
    var step: Int64 = 0
    var end: Int64 = 0
    /// Rows of the source and the sums of their values, before clipping and removal of repeated rows.
    var rowCount: Int64 = 0
    var cpuSum: Int64 = 0
    var kilohertzSum: Int64 = 0
    var memorySum: Int64 = 0

    var hasKilohertz: Bool { columns & 1 != 0 }
    var hasMemory: Bool { columns & 2 != 0 }
  }

  func record(_ series: Int) -> SeriesRecord {
    precondition(series >= 0 && series < header[.seriesCount], "no such series")
    return pointer(at: header[.seriesStart], of: SeriesRecord.self)[series]
  }

  func nameBytes(_ record: SeriesRecord) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: storage.start + Int(header[.namesStart] + record.nameStart),
      count: Int(record.nameBytes))
  }

  /// Steps with their counts, ascending.
  var steps: [(step: SimDuration, count: Int64)] {
    let words = pointer(at: header[.stepsStart], of: Int64.self)
    return (0..<Int(header[.stepsCount])).map { (SimDuration(words[$0 * 2]), words[$0 * 2 + 1]) }
  }

  func column(at start: Int64, of record: SeriesRecord) -> UnsafePointer<UInt32> {
    pointer(at: start, of: UInt32.self) + Int(record.sampleStart)
  }

  func times(of record: SeriesRecord) -> UnsafePointer<Int64>? {
    record.timesStart < 0
      ? nil : pointer(at: header[.timesStart], of: Int64.self) + Int(record.timesStart)
  }

  /// CRC-32 of the parts that say where everything is: the header and all behind the columns.
  static func checksum(of tables: UnsafeRawBufferPointer, header: TraceHeader) -> Int64 {
    var header = header
    header[.checksum] = 0
    let crc = header.words.withUnsafeBytes { part in
      crc32_z(0, part.baseAddress!.assumingMemoryBound(to: UInt8.self), part.count)
    }
    let start = tables.baseAddress?.assumingMemoryBound(to: UInt8.self)
    return Int64(crc32_z(crc, start, tables.count))
  }

  private func pointer<Element>(
    at offset: Int64, of type: Element.Type
  ) -> UnsafePointer<Element> {
    UnsafePointer((storage.start + Int(offset)).assumingMemoryBound(to: type))
  }
}

/// The first 64 words, by name; see `TraceImage`.
struct TraceHeader: Sendable {
  var words = [Int64](repeating: 0, count: TraceImage.headerWords)

  /// The words that hold one number each, in their order.
  enum Word: Int {
    case magic
    case byteOrderMark
    case version
    /// CRC-32 of header, series, steps and names, with this word 0.
    case checksum
    /// Of the whole, without the trailer.
    case byteCount
    case seriesCount
    case sampleCount
    /// Of the source, in ns.
    case firstTimestamp
    /// In ns.
    case nominalStep
    /// End of the last sample of any series in ns.
    case length
    /// A `SampledSeries.Unit`, or −1 without memory.
    case memoryUnit
    /// 1 or 0.
    case hasKilohertz
    case cpuStart
    case kilohertzStart
    case memoryStart
    case timesStart
    case timesCount
    case seriesStart
    case stepsStart
    case stepsCount
    /// In ns; see `StepCounter`.
    case stepsGranule
    case namesStart
    case namesBytes
  }

  subscript(word: Word) -> Int64 {
    get { words[word.rawValue] }
    set { words[word.rawValue] = newValue }
  }

  /// At most 16 bytes of ASCII.
  var sourceFormat: String {
    get {
      let bytes = words[23...24].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
      }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    set {
      let bytes = Array(newValue.utf8)
      precondition(bytes.count <= 16, "names of trace formats have at most 16 bytes")
      for word in 0..<2 {
        words[23 + word] = (0..<8).reduce(0) { sum, index in
          let at = word * 8 + index
          return sum | (at < bytes.count ? Int64(bytes[at]) << Int64(8 * index) : 0)
        }
      }
    }
  }

  /// 64 hexadecimal digits.
  var sourceSHA256: String {
    get {
      words[25...28].map { word in
        let digits = String(UInt64(bitPattern: word), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }.joined()
    }
    set {
      let digits = Array(newValue.utf8)
      for word in 0..<4 {
        let part = String(decoding: digits[(word * 16)..<(word * 16 + 16)], as: UTF8.self)
        words[25 + word] = Int64(bitPattern: UInt64(part, radix: 16)!)
      }
    }
  }

  subscript(quirk quirk: Quirk) -> Int64 {
    get { words[29 + quirk.rawValue] }
    set { words[29 + quirk.rawValue] = newValue }
  }

  var rawCPU: Distribution {
    get { distribution(at: 45) }
    set { set(newValue, at: 45) }
  }

  var rawMemory: Distribution {
    get { distribution(at: 55) }
    set { set(newValue, at: 55) }
  }

  private func distribution(at word: Int) -> Distribution {
    func double(_ index: Int) -> Double {
      Double(bitPattern: UInt64(bitPattern: words[word + index]))
    }
    var result = Distribution()
    result.count = words[word]
    result.mean = double(1)
    result.sd = double(2)
    result.max = double(3)
    result.hasQuantiles = !double(4).isNaN
    if result.hasQuantiles {
      result.p25 = double(4)
      result.p50 = double(5)
      result.p75 = double(6)
      result.p95 = double(7)
      result.p99 = double(8)
    }
    return result
  }

  private mutating func set(_ value: Distribution, at word: Int) {
    let quantiles = [value.p25, value.p50, value.p75, value.p95, value.p99]
    let doubles =
      [value.mean, value.sd, value.max]
      + quantiles.map { value.hasQuantiles ? $0 : .nan }
    words[word] = value.count
    for (index, double) in doubles.enumerated() {
      words[word + 1 + index] = Int64(bitPattern: double.bitPattern)
    }
  }
}
