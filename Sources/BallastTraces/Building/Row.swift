/// One row of a source, whatever its format: 32 bytes.
struct Row: BitwiseCopyable {
  /// Nanoseconds since the source's own zero.
  var time: Int64
  /// Number of the series, in order of first appearance.
  var series: UInt32
  /// Which of several files the row is from, where files have an order; breaks ties between equal times.
  var file: UInt32 = 0
  /// Parts per million of the VM's size, not clipped.
  var cpu: UInt32
  /// As recorded; 0 where the source has none.
  var kilohertz: UInt32 = 0
  /// Parts per million or KiB; 0 where the source has none.
  var memory: UInt32 = 0
  /// Tells rows of one time apart that differ in a cell nobody keeps. The lowest bit says "off".
  var mark: UInt32 = 0

  var isOff: Bool { mark & 1 != 0 }

  static func mark(_ hash: UInt, isOff: Bool) -> UInt32 {
    UInt32(truncatingIfNeeded: hash << 1) | (isOff ? 1 : 0)
  }

  /// Order of the binary form; equal rows stay as they arrived.
  @inline(__always)
  static func precedes(_ a: Row, _ b: Row) -> Bool {
    if a.series != b.series { return a.series < b.series }
    if a.time != b.time { return a.time < b.time }
    return a.file < b.file
  }

  func hasSameContent(as other: Row) -> Bool {
    cpu == other.cpu && kilohertz == other.kilohertz && memory == other.memory
      && mark == other.mark
  }
}
