/// One line of Prometheus' text format: `name{label="value",…} number timestamp`.
struct PrometheusSample {
  var name: String
  var labels: [(name: String, value: String)]
  var value: Double
  /// ms since 1970, where the line has it.
  var time: Int64?
  var row: Int

  subscript(label: String) -> String? { labels.first { $0.name == label }?.value }
}

/// The lines of a text with their numbers from 1, without line ends.
func lines(of bytes: [UInt8]) -> [(number: Int, text: String)] {
  var lines: [(number: Int, text: String)] = []
  var start = 0
  var number = 0
  while start < bytes.count {
    let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
    number += 1
    var to = end
    if to > start, bytes[to - 1] == 13 { to -= 1 }
    lines.append((number, String(decoding: bytes[start..<to], as: UTF8.self)))
    start = end + 1
  }
  return lines
}

/// All samples of a file, in its order; lines that are none are reported.
///
/// Source    prometheus.io/docs/instrumenting/exposition_formats, "Text format details".
func prometheusSamples(
  _ path: String, _ report: inout ImportReport
) throws(ImportError) -> [PrometheusSample] {
  let (bytes, _) = TextDecoding.decode(try readFile(path))
  var samples: [PrometheusSample] = []
  for (number, line) in lines(of: bytes) {
    let text = trimmed(line)
    if text.isEmpty || text.hasPrefix("#") { continue }
    if let sample = prometheusSample(text, row: number) {
      samples.append(sample)
    } else {
      report.add(
        .ignored, "a line that is no sample", at: ImportPlace(fileName(path), row: number))
    }
  }
  guard !samples.isEmpty else {
    throw ImportError(
      path, "there is no sample in it", remedy: "save what the exporter's /metrics page shows")
  }
  report.add(.read, "samples", at: ImportPlace(fileName(path)), "\(samples.count)")
  return samples
}

private func prometheusSample(_ text: String, row: Int) -> PrometheusSample? {
  let bytes = Array(text.utf8)
  var at = 0
  while at < bytes.count, bytes[at] != UInt8(ascii: "{"), bytes[at] != 32 { at += 1 }
  let name = String(decoding: bytes[..<at], as: UTF8.self)
  var labels: [(name: String, value: String)] = []
  if at < bytes.count, bytes[at] == UInt8(ascii: "{") {
    at += 1
    while at < bytes.count, bytes[at] != UInt8(ascii: "}") {
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: "=") { at += 1 }
      let label = trimmed(String(decoding: bytes[start..<at], as: UTF8.self))
      at += 1
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { return nil }
      at += 1
      var value: [UInt8] = []
      while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
        if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
          at += 1
          value.append(bytes[at] == UInt8(ascii: "n") ? 10 : bytes[at])
        } else {
          value.append(bytes[at])
        }
        at += 1
      }
      guard at < bytes.count else { return nil }
      labels.append((label, String(decoding: value, as: UTF8.self)))
      at += 1
      while at < bytes.count, bytes[at] == UInt8(ascii: ",") || bytes[at] == 32 { at += 1 }
    }
    guard at < bytes.count else { return nil }
    at += 1
  }
  let rest = String(decoding: bytes[at...], as: UTF8.self).split(separator: " ")
  guard !name.isEmpty, let first = rest.first, let value = Double(String(first)), value.isFinite
  else { return nil }
  return PrometheusSample(
    name: name, labels: labels, value: value, time: rest.count > 1 ? Int64(rest[1]) : nil, row: row)
}
