import Foundation

/// A line for people, on standard error; results go to standard output.
///
/// Nobody can be told that standard error does not take text, so a failure is passed over.
func note(_ text: String) {
  _ = send(text + "\n", to: STDERR_FILENO)
}

/// Text without a line end, for a progress line that is written over.
func noteInPlace(_ text: String) {
  _ = send("\r" + text + "\u{1B}[K", to: STDERR_FILENO)
}

/// A result, on standard output.
///
/// A full disk behind `ballast … > file` ends the command with 74: a result that is cut off must not look whole. A reader
/// that has gone away (`ballast … | head`) wanted no more, and the command goes on.
func output(_ text: String) {
  let failure = send(text + "\n", to: STDOUT_FILENO)
  guard failure != 0, failure != EPIPE else { return }
  note("ballast: cannot write standard output: \(String(cString: strerror(failure)))")
  Foundation.exit(Exit.cannotWrite.rawValue)
}

/// write(2) until all is written; FileHandle would trap. Gives errno, or 0.
private func send(_ text: String, to descriptor: Int32) -> Int32 {
  var text = text
  return text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
