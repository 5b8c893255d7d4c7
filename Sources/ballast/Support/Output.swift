import Foundation

/// A line for people, on standard error; results go to standard output.
func note(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}

/// Text without a line end, for a progress line that is written over.
func noteInPlace(_ text: String) {
  FileHandle.standardError.write(Data(("\r" + text + "\u{1B}[K").utf8))
}

/// A result, on standard output.
func output(_ text: String) {
  FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

/// A JSON string literal.
func jsonString(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case _ where scalar.value < 0x20:
      out += "\\u" + String(format: "%04x", scalar.value)
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
