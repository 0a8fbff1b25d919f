"""The SMART app that a card's link opens, and the demo page: what the advice rests on, to look at.

Pages are drawn on the server from the same facts, verdicts and advice as the cards. Nothing here reads a network or knows
the CDS Hooks protocol: what does is handed in through `service.smart.ports`.

case      one patient as the pages show one          session   what a launch opened, sealed in a cookie of its own path
views/    what each page shows, worked out of a case  pages     the HTTP side of the views
launch/   SMART App Launch                            demo/     the page on which anybody can try the service
words     English and German                          values    values of facts in German, part by part
render    templates, links, Markdown
draw/     pictures as SVG
"""
