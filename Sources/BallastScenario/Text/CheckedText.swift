import BallastModel

/// Bytes of a file as text the YAML parser can be given, or what is wrong with them.
func checkedText(
  _ bytes: [UInt8], file: String, bytesLeft: Int = Limits.bytes
) -> Result<String, ScenarioProblem> {
  func problem(
    at offset: Int = 0, _ message: String, _ remedy: String
  ) -> Result<String, ScenarioProblem> {
    .failure(ScenarioProblem(place(of: offset, in: bytes, file: file), message, remedy: remedy))
  }
  if bytes.count > bytesLeft {
    return problem(
      "a scenario with its imports may have \(Limits.bytes >> 20) MiB, and \(file) has "
        + "\(grouped(bytes.count)) bytes",
      "keep long series in trace files")
  }
  if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
    return problem("\(file) is encoded as UTF-16", "save it as UTF-8")
  }
  if let offset = bytes.firstIndex(of: 0) {
    return problem(at: offset, "\(file) is a binary file, not YAML text", "name a scenario file")
  }
  let skipped = byteOrderMarkLength(bytes)
  let body = Array(bytes.dropFirst(skipped))
  guard let text = String(validating: body, as: UTF8.self) else {
    return problem(
      at: firstInvalidByte(bytes), "\(file) is not valid UTF-8 text here",
      "save the file as UTF-8, or remove the character")
  }
  if let refusal = ByteScan.refusal(of: body) {
    return problem(at: refusal.offset + skipped, refusal.message, refusal.remedy)
  }
  return .success(text)
}

/// Line and column, both from 1, of a byte.
func place(of offset: Int, in bytes: [UInt8], file: String) -> SourcePlace {
  let start = byteOrderMarkLength(bytes)
  let before = String(decoding: bytes[start..<max(start, min(offset, bytes.count))], as: UTF8.self)
  var line = 1
  var column = 1
  var previous: Unicode.Scalar = " "
  for scalar in before.unicodeScalars {
    if isLineBreak(scalar) {
      if !(scalar == "\n" && previous == "\r") { line += 1 }
      column = 1
    } else {
      column += 1
    }
    previous = scalar
  }
  return SourcePlace(file: file, line: line, column: column)
}

private func firstInvalidByte(_ bytes: [UInt8]) -> Int {
  var decoder = UTF8.ForwardParser()
  var iterator = bytes.makeIterator()
  var offset = 0
  while true {
    switch decoder.parseScalar(from: &iterator) {
    case .valid(let scalar): offset += scalar.count
    case .error, .emptyInput: return offset
    }
  }
}
