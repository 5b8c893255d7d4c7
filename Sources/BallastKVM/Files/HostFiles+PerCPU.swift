extension HostFiles {
  /// The lines of /proc/stat for each logical CPU, by number; one that is offline stands still at 0. nil where there are none.
  static func perCPU(_ text: String) -> [NodeCPUTime]? {
    var times: [NodeCPUTime] = []
    var rest = text[...]
    // They stand at the beginning, all together.
    while rest.hasPrefix("cpu") {
      let line = rest.prefix { $0 != "\n" }
      guard line.endIndex < text.endIndex else { break }
      rest = rest[text.index(after: line.endIndex)...]
      let word = line.dropFirst(3).prefix { $0 != " " }
      guard let number = Int(word), (0..<Int(ReadingRange.cpusMax)).contains(number) else {
        continue
      }
      while times.count <= number { times.append(NodeCPUTime()) }
      times[number] = cpuTime("cpu " + line.dropFirst(3 + word.count))
    }
    return times.isEmpty ? nil : times
  }
}
