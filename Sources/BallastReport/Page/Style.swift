/// The page's style. Colours are variables, so that light, dark and print are three sets of values; they are told apart
/// by people with any colour vision (blue, orange, teal, purple; waits from pale to dark, and a word beside each colour).
let pageStyle = """
  :root{--bg:#f6f7f9;--card:#fff;--ink:#17202a;--ink2:#566270;--rule:#dde2e8;--grid:#e8ecf0;
  --link:#1d5fa8;--used:#2b6cb0;--demand:#d9760a;--entitled:#0f8a6c;--capacity:#5d6875;
  --ready:#a1307c;--limited:#8a6a00;--memory:#5b62b5;--active:#d9760a;--median:#3b2a5c;--worst:#c0392b;
  --reservation:#8a6a00;--bad:#b3261e;--significant:#c65a00;--watch:#9a7400;--note:#566270;--fine:#0f7a5c;
  --badbg:#fbe9e7;--metbg:#e6f4ef;--c0:#e4eaf0;--c1:#f6d77a;--c2:#ef9a3d;--c3:#cf4520;--c4:#7a0f1e;
  --u1:#b9d3ea;--u2:#6fa8d6;--u3:#2b6cb0;--u4:#102f57;--fillo:.22}
  @media (prefers-color-scheme:dark){:root{--bg:#11161c;--card:#19202a;--ink:#e6ebf0;--ink2:#9aa7b5;
  --rule:#2c3643;--grid:#252f3a;--link:#7db8f0;--used:#5aa5ea;--demand:#f2a140;--entitled:#3ec9a0;
  --capacity:#98a5b3;--ready:#e07fc0;--limited:#d9b945;--memory:#98a0f0;--active:#f2a140;--median:#cdb9f5;
  --worst:#ff7b6b;--reservation:#d9b945;--bad:#ff8a7d;--significant:#f5a25a;--watch:#e3c04e;--note:#9aa7b5;
  --fine:#4fd0a8;--badbg:#3a1f1f;--metbg:#15332b;--c0:#26313d;--c1:#7a6420;--c2:#c27a22;--c3:#f0603c;
  --c4:#ffc2b4;--u1:#1f4468;--u2:#2f6ea8;--u3:#5aa5ea;--u4:#cfe6ff;--fillo:.28}}
  *{box-sizing:border-box}
  html{scroll-padding-top:56px;-webkit-text-size-adjust:100%}
  body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
  Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
  header,main,footer{max-width:1240px;margin:0 auto;padding:0 24px}
  header{padding-top:28px}
  .kicker{margin:0;color:var(--ink2);font-size:13px;letter-spacing:.04em}
  h1{margin:2px 0 0;font-size:30px;line-height:1.2;overflow-wrap:anywhere}
  h2{margin:0 0 12px;font-size:21px;line-height:1.3}
  h3{margin:0 0 4px;font-size:16px;line-height:1.35;overflow-wrap:anywhere}
  p{margin:0 0 10px}a{color:var(--link)}
  .run{margin:4px 0 18px;color:var(--ink2)}
  .banner{padding:10px 14px;border:2px solid var(--bad);border-radius:8px;background:var(--badbg)}
  .skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--card);padding:8px;z-index:30}
  nav{position:sticky;top:0;z-index:20;display:flex;gap:4px 18px;align-items:center;overflow-x:auto;
  padding:9px max(24px,calc((100% - 1192px)/2));background:var(--bg);border-bottom:1px solid var(--rule)}
  nav a{color:var(--ink2);text-decoration:none;font-size:14px;white-space:nowrap}
  nav a:hover{color:var(--ink);text-decoration:underline}
  nav button{margin-left:auto;font:inherit;font-size:13px;padding:2px 10px;border:1px solid var(--link);
  border-radius:12px;background:var(--card);color:var(--link);cursor:pointer;white-space:nowrap}
  nav button{margin-block:-3px}nav button[hidden]{display:none}
  :focus-visible{outline:2px solid var(--link);outline-offset:2px}
  main>section{margin:0 0 44px}#verdict{margin-top:20px}
  .verdict{background:var(--card);border:1px solid var(--rule);border-left:6px solid var(--ink2);
  border-radius:10px;padding:18px 22px}
  .verdict.met{border-left-color:var(--fine)}.verdict.missed{border-left-color:var(--bad)}
  .verdict h2{margin-bottom:6px}.story{font-size:17px;max-width:76ch;margin-bottom:4px}
  .figures{display:grid;grid-template-columns:repeat(4,1fr);gap:1px;margin:16px 0 0;background:var(--rule);
  border:1px solid var(--rule);border-radius:10px;overflow:hidden}
  .figures div{background:var(--card);padding:12px 16px;display:flex;flex-direction:column-reverse;
  justify-content:flex-end}
  .figures dt{font-size:13.5px}.figures dd{margin:0;display:contents}
  .figures b{font-size:25px;line-height:1.25;font-weight:650;order:2}
  .figures dt{order:1}.figures span{font-size:12.5px;color:var(--ink2);order:0}
  .findings{list-style:none;margin:0;padding:0;display:grid;gap:10px}
  .findings li{display:grid;grid-template-columns:104px 1fr;gap:16px;background:var(--card);
  border:1px solid var(--rule);border-radius:10px;padding:14px 18px 12px}
  .findings p{margin:0 0 6px;max-width:95ch}
  .chip{justify-self:start;align-self:start;font-size:12.5px;font-weight:650;padding:2px 10px;border-radius:11px;
  border:1.5px solid currentColor}
  .bad>.chip{color:var(--bad)}.significant>.chip{color:var(--significant)}.watch>.chip{color:var(--watch)}
  .note>.chip{color:var(--note);font-weight:500}
  .subjects{color:var(--ink2);font-size:14px}
  .subjects a{display:inline-block;margin:0 6px 4px 0;padding:1px 8px;border:1px solid var(--rule);
  border-radius:6px;text-decoration:none;background:var(--bg)}
  .subjects a:hover{border-color:var(--link)}.subjects small{color:var(--ink2);margin-left:6px;font-size:12.5px}
  .lever b{font-weight:650;margin-right:4px}.lever{border-top:1px solid var(--grid);padding-top:6px}
  p.note{color:var(--ink2);font-size:14px}.facts{color:var(--ink2);font-size:13.5px;margin-bottom:10px}
  .facts b{color:var(--ink);font-weight:600}
  .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr));gap:16px}
  .card,#hosts>.chart,#vms>.chart,.heat{background:var(--card);border:1px solid var(--rule);border-radius:10px;
  padding:16px 18px 12px;min-width:0}
  #hosts>.chart,#vms>.chart,.heat{margin:0 0 16px}
  figure{margin:0}.card .chart+.chart{margin-top:10px}
  figcaption{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 8px;font-size:13.5px;margin-bottom:8px}
  .unit{color:var(--ink2);font-size:12.5px}
  .legend{margin-left:auto;display:flex;flex-wrap:wrap;gap:0 14px;color:var(--ink2);font-size:12.5px}
  .key{display:inline-flex;align-items:center;gap:6px;white-space:nowrap}
  .key i{display:inline-block;width:16px;height:0;border-top:2px solid var(--k)}
  .key i.area{height:9px;background:color-mix(in srgb,var(--k) 30%,transparent)}
  .key i.band{height:9px;border:0;background:color-mix(in srgb,var(--k) 35%,transparent)}
  .key i.dashed{border-top-style:dashed}
  .used{--k:var(--used)}.demand{--k:var(--demand)}.entitled{--k:var(--entitled)}.capacity{--k:var(--capacity)}
  .ready{--k:var(--ready)}.limited{--k:var(--limited)}.memory{--k:var(--memory)}.active{--k:var(--active)}
  .median{--k:var(--median)}.worst{--k:var(--worst)}.reservation{--k:var(--reservation)}
  .bad{--k:var(--bad)}.significant{--k:var(--significant)}.watch{--k:var(--watch)}.fine{--k:var(--fine)}
  .plot{position:relative;padding:4px 6px 24px 46px}.bare .plot{padding-bottom:4px}
  .plot svg{display:block;overflow:visible}.plot svg svg{overflow:hidden}
  .plot text{font-size:11.5px;fill:var(--ink2)}text.y{text-anchor:end}text.x{text-anchor:middle}
  text.mark{text-anchor:end;font-size:11px;paint-order:stroke;stroke:var(--card);stroke-width:3px;
  stroke-linejoin:round}
  .grid{stroke:var(--grid);stroke-width:1;shape-rendering:crispEdges}
  line.mark{stroke:var(--ink2);stroke-width:1;stroke-dasharray:2 3}
  path.line{fill:none;stroke:var(--k);stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}
  path.dashed{stroke-dasharray:5 4}path.fill{fill:var(--k);fill-opacity:var(--fillo);stroke:none}
  path.stack.fill{fill-opacity:.5}.alone{margin:16px 0}#memory h3{margin-top:18px}
  #memory .card h3{margin-top:0}#memory .because{margin-bottom:14px}
  path.used.line,path.memory.line{stroke-width:1.2}
  .heat i{width:13px;height:11px!important;border:0!important}
  .waits .c0,.uses .c0{--h:var(--c0)}.waits .c1{--h:var(--c1)}.waits .c2{--h:var(--c2)}.waits .c3{--h:var(--c3)}
  .waits .c4{--h:var(--c4)}.uses .c1{--h:var(--u1)}.uses .c2{--h:var(--u2)}.uses .c3{--h:var(--u3)}
  .uses .c4{--h:var(--u4)}
  .heat i[class^=c]{background:var(--h)}.heat i.off{border:1px solid var(--rule)!important}
  .heat path{stroke:var(--h);stroke-width:1;fill:none;shape-rendering:crispEdges}
  .rows{display:grid;grid-template-columns:118px 1fr;gap:8px;margin-bottom:8px}
  .rows svg{display:block;background:repeating-linear-gradient(45deg,transparent 0 3px,var(--grid) 3px 4px);
  cursor:crosshair}
  .names{font-size:min(11.5px,calc(var(--row) - 1.5px));line-height:var(--row);min-width:0;text-align:right}
  .names a,.names span{display:block;height:var(--row);overflow:hidden;text-overflow:ellipsis;white-space:nowrap;
  color:var(--ink2);text-decoration:none}.names a:hover{color:var(--link);text-decoration:underline}
  .names.few span{color:var(--ink);font-size:12.5px}.names.few .n{color:var(--ink2);font-size:11.5px}
  .group{margin:6px 0 3px;font-size:12.5px;font-weight:600;padding-left:126px}
  .ticks{position:relative;height:18px;margin:0 0 0 126px;font-size:11.5px;color:var(--ink2)}
  .ticks span{position:absolute;transform:translateX(-50%);white-space:nowrap}
  .ticks span:first-child{transform:none}.ticks span:last-child{transform:translateX(-85%)}
  .read{display:block;min-height:18px;margin-left:126px;font-size:12.5px;color:var(--ink2)}
  .tools{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center;margin:20px 0 8px;font-size:14px}
  .tools input,.tools select{font:inherit;padding:4px 8px;border:1px solid var(--rule);border-radius:6px;
  background:var(--card);color:var(--ink);margin-left:4px}.tools output{color:var(--ink2)}
  .scroll{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:10px}
  .verdict .scroll{margin-top:12px;border-radius:8px}
  .tall{max-height:620px;overflow-y:auto;margin-bottom:16px}
  table{border-collapse:collapse;width:100%;font-size:13.5px}
  th,td{padding:5px 12px;text-align:left;border-bottom:1px solid var(--grid);vertical-align:top}
  tbody tr:last-child>*{border-bottom:0}
  thead th{position:sticky;top:0;background:var(--card);font-weight:600;color:var(--ink2);font-size:12.5px;
  line-height:1.3;box-shadow:inset 0 -1px var(--rule);z-index:1;vertical-align:bottom;white-space:nowrap}
  thead small{display:block;font-weight:400;font-size:11.5px}
  thead button{all:unset;cursor:pointer}thead button:focus-visible{outline:2px solid var(--link)}
  thead button::after{content:"";display:inline-block;width:1em;text-align:center}
  th[aria-sort=ascending] button::after{content:"▲";font-size:9px}
  th[aria-sort=descending] button::after{content:"▼";font-size:9px}
  tbody th{font-weight:500}#vm-table td,#vm-table tbody th,#memory-table tbody th{white-space:nowrap}
  .num{text-align:right}.bar{position:relative;min-width:88px;padding-bottom:8px}
  .bar i{position:absolute;right:12px;bottom:3px;height:3px;max-width:calc(100% - 24px);background:var(--k);
  border-radius:2px;opacity:.85}
  tr:target{background:var(--metbg)}
  .dot::before{content:"";display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px;
  background:var(--k)}.dot.bad::before{border-radius:0}.dot.significant::before{border-radius:0;rotate:45deg}
  .expectations td{overflow-wrap:anywhere}
  .expectations td:nth-child(4){overflow-wrap:normal}
  .expectations td:first-child{white-space:nowrap;font-weight:600}
  .expectations .missed td:first-child{color:var(--bad)}.expectations .met td:first-child{color:var(--fine)}
  .events td,.events th{white-space:nowrap}.events .detail{white-space:normal;min-width:260px;color:var(--ink2)}
  .drills{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,270px),1fr));gap:6px 10px}
  .drill{background:var(--card);border:1px solid var(--rule);border-radius:8px;min-width:0}
  .drill[open]{grid-column:1/-1}
  summary{padding:6px 14px;cursor:pointer;font-weight:550}.place{color:var(--ink2);font-weight:400;font-size:13.5px}
  .inside{padding:2px 18px 14px}
  .whys{display:grid;gap:10px;margin-bottom:20px}.why h4{margin:10px 0 6px;font-size:14px}
  .levels td,.levels th{white-space:nowrap}.because{margin:10px 0 4px;padding-left:18px;max-width:95ch}
  .because li{margin-bottom:3px;font-size:14px}#why h3{margin-top:18px}
  .triple{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:14px 22px}
  .triple .legend{margin-left:0}.triple figcaption{min-height:42px;align-content:flex-end}
  .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:10px 36px;
  margin-bottom:12px}
  .columns ul{margin:0;padding-left:18px}.columns li{margin-bottom:5px;font-size:14px}
  #method h3{margin-top:18px}.columns h3{margin-top:0!important}
  .plain th{font-weight:500;color:var(--ink2);width:150px;padding-left:0}.plain td{overflow-wrap:anywhere}
  .plain{margin-bottom:10px}
  code{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
  .sha{font:11px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;min-width:150px}
  .dictionary{margin-bottom:6px}.dictionary summary{padding-left:0}.dictionary td{min-width:64px}
  .hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
  footer{padding:10px 24px 40px;color:var(--ink2);font-size:13px}
  .live{margin-left:0}.live .dygraph-axis-label{color:var(--ink2);background:none}
  .live .dygraph-axis-label-x{padding-top:5px}
  .dygraph-legend{left:auto!important;right:10px;top:0!important;width:auto!important;max-width:100%;
  background:color-mix(in srgb,var(--card) 92%,transparent)!important;color:var(--ink);font-size:12px!important;
  padding:1px 8px;border:1px solid var(--rule);border-radius:6px;pointer-events:none}
  .dygraph-legend:empty{display:none}
  .print{display:none}
  @media (max-width:900px){.figures{grid-template-columns:repeat(2,1fr)}}
  @media (max-width:640px){header,main,footer{padding-left:14px;padding-right:14px}nav{padding:9px 14px}
  h1{font-size:24px}.story{font-size:16px}.verdict{padding:14px 16px}
  .findings li{grid-template-columns:1fr;gap:8px;padding:12px 14px}
  .card,#hosts>.chart,#vms>.chart,.heat{padding:12px 12px 8px}.figures div{padding:10px 12px}.figures b{font-size:21px}
  .expectations td,.expectations th{padding:5px 7px;font-size:12.5px}
  .plot{padding-left:38px}text.odd,.ticks .odd{display:none}.legend{margin-left:0}
  .rows{grid-template-columns:76px 1fr;gap:6px}.group{padding-left:82px}.ticks,.read{margin-left:82px}}
  @media print{:root{--bg:#fff;--fillo:.25}body{font-size:11px}nav,.tools,.skip,.read{display:none}
  header,main,footer{max-width:none;padding:0}.tall{max-height:none;overflow:visible}.scroll{overflow:visible}
  .findings li,.card,.chart,.verdict,tr{break-inside:avoid}
  p,.subjects,.facts,.note{font-size:11px!important}.story{font-size:13px!important}h2,h3,.group{break-after:avoid}
  main>section{margin-bottom:22px}.live{display:none!important}.plot svg{display:block!important}
  .plot{height:auto!important}thead th{position:static}th,td{padding:3px 6px}table{font-size:9.5px}
  #vm-table tbody tr:nth-child(n+61){display:none}.print{display:block}.cards{grid-template-columns:1fr 1fr}
  .figures{grid-template-columns:repeat(4,1fr)}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
  .drill:not([open]){display:none}a{color:inherit;text-decoration:none}.events .detail{min-width:0}}
  """
