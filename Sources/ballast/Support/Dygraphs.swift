import Foundation

/// The interactive chart library, where it is installed; reports are complete without it.
///
/// `BALLAST_DYGRAPHS` names another folder with dygraph.min.js and dygraph.min.css; empty turns it off.
func findDygraphs() -> (js: String, css: String)? {
  let folders: [String]
  if let folder = ProcessInfo.processInfo.environment["BALLAST_DYGRAPHS"] {
    folders = folder.isEmpty ? [] : [folder]
  } else {
    folders = ["/usr/share/javascript/dygraphs", "/usr/share/nodejs/dygraphs/dist"]
  }
  for folder in folders {
    for (script, style) in [("dygraph.min.js", "dygraph.min.css"), ("dygraph.js", "dygraph.css")] {
      if let js = try? String(contentsOfFile: folder + "/" + script, encoding: .utf8),
        let css = try? String(contentsOfFile: folder + "/" + style, encoding: .utf8)
      {
        return (js, css)
      }
    }
  }
  return nil
}
