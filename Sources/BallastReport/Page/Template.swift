/// The beginning of a page up to its body: no network, light and dark, the library that makes charts interactive.
///
/// - Parameter kind: what the page is, for the title of its window.
func pageHead(_ kind: String) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8"/>
  <meta name="viewport" content="width=device-width, initial-scale=1"/>
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
  style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"/>
  <meta name="generator" content="Ballast {{{version}}}"/>
  <meta name="color-scheme" content="light dark"/>
  <title>{{{title}}} · Ballast \(kind)</title>
  {{#hasLibrary}}<style>{{{libraryStyle}}}</style>
  {{/hasLibrary}}
  <style>{{{style}}}</style>
  </head>
  <body>

  """
}

/// The page around the sections. Embedded, because the command is one file without resource bundles.
let pageTemplate =
  pageHead("report") + """
    <a class="skip" href="#findings">Skip to the findings</a>
    {{{header}}}
    <nav aria-label="Sections"><a href="#verdict">Verdict</a><a href="#findings">Findings</a>\
    <a href="#why">Why</a>\
    {{#memoryFirst}}<a href="#memory">Memory</a>{{/memoryFirst}}\
    <a href="#hosts">Hosts</a><a href="#vms">VMs</a>{{#memoryLast}}<a href="#memory">Memory</a>{{/memoryLast}}\
    <a href="#pools">Pools</a>\
    <a href="#events">Events</a><a href="#method">Method</a>\
    <button type="button" id="unzoom" hidden="hidden">Show the whole run</button></nav>
    <main>
    <section id="verdict">{{{verdict}}}{{{figures}}}</section>
    <section id="findings"><h2>Findings, by harm</h2>{{{findings}}}</section>
    <section id="why"><h2>Why</h2>{{{why}}}</section>
    {{#memoryFirst}}<section id="memory"><h2>Memory</h2>{{{memory}}}</section>
    {{/memoryFirst}}
    <section id="hosts"><h2>Hosts</h2>{{^hasCharts}}<p class="note">No samples were recorded.</p>\
    {{/hasCharts}}{{{hosts}}}</section>
    <section id="vms"><h2>VMs</h2>{{{vmNote}}}{{{vmCharts}}}{{{vmTable}}}\
    {{#hasDrillDowns}}<h3>VM by VM</h3><p class="note">{{{drillNote}}}</p><div class="drills">{{{drillDowns}}}\
    </div>{{/hasDrillDowns}}</section>
    {{#memoryLast}}<section id="memory"><h2>Memory</h2>{{{memory}}}</section>
    {{/memoryLast}}<section id="pools"><h2>Resource pools</h2>{{{pools}}}{{^hasPools}}<p class="note">This run has no \
    resource pools.</p>{{/hasPools}}</section>
    <section id="events"><h2>Events</h2>{{{events}}}</section>
    <section id="method"><h2>Method and configuration</h2>{{{method}}}</section>
    </main>
    <footer>Made by Ballast {{{version}}}. This file needs no network.</footer>
    {{#hasCharts}}<script type="application/json" id="chart-data">{{{chartData}}}</script>
    {{/hasCharts}}

    """ + pageFoot

/// The end of such a page, behind the data of its charts.
let pageFoot = """
  {{#hasLibrary}}{{{libraryNotice}}}
  <script>{{{library}}}</script>
  {{/hasLibrary}}
  <script>{{{script}}}</script>
  </body>
  </html>

  """

/// The licence that the library asks to be kept with every copy.
let dygraphsNotice = """
  <!--
  The following script is dygraphs, Copyright (c) 2006, 2009 – 2023 Dan Vanderkam (danvdk@gmail.com),
  Paul Felix, Robert Konigsberg, David Eberlein, Google, Inc., mirabilos, Petr Shevtsov, Deutsche Telekom
  LLCTO and numerous contributors; its browser-pack shim is Copyright (c) 2013, 2014 James Halliday,
  Copyright (c) 2013 Roman Shtylman. MIT licence:

  Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
  associated documentation files (the "Software"), to deal in the Software without restriction, including
  without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
  copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
  following conditions:

  The above copyright notice and this permission notice shall be included in all copies or substantial
  portions of the Software.

  THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
  LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
  EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
  IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
  THE USE OR OTHER DEALINGS IN THE SOFTWARE.
  -->
  """
