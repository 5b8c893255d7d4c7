extension TraceFormat {
  /// `.btrace`, made by `ballast trace convert`; the layout is described at `TraceImage`.
  static let ballast = TraceFormat(
    name: "ballast",
    summary: "Ballast's own binary form (.btrace): one file, opens without parsing",
    recognises: { sample in
      let magic = (0..<8).map { UInt8(truncatingIfNeeded: TraceImage.magic >> (8 * $0)) }
      return sample.firstBytes.starts(with: magic)
    },
    reading: .mapped)
}
