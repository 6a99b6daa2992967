-- The processor notes which pages were used; reclaim reads its notes.
return {
  title = "Second chance: the accessed bit tells hot pages from cold ones",
  memory = "16M",
  swap = "32M",
  program = { "second-chance", "512", "20", },

  play = function()
    show("reclaim")
    event("mm_vmscan_lru_isolate")
    say("128 hot pages are read again and again while thousands of others are written once. Memory is short: reclaim takes a batch of pages from the *tail* of a list and asks of each: was it used?")

    local used = event("mm_page_referenced", function(e) return e.young > 0 end)
    say("The processor sets the *A bit* of an entry whenever it uses it. Reclaim finds the entries of the page through the reverse mappings, reads their A bits and *clears* them, to see later whether they came back.")
    check(used.young >= 1, "an A bit was set and is clear now")

    local chance = event("mm_vmscan_page", function(e) return e.anon == 1 and e.outcome == 1 and e.reason == 3 end)
    say("This page sank to the tail of the inactive list, and its A bit was set: somebody used it since the last look. So it gets a *second chance*, and goes back to the active list.")
    check(chance.referenced > 0, "its A bit was found set")

    local out = event("mm_vmscan_page", function(e) return e.outcome == 3 end)
    say("A page of the stream was used once and never again. Its A bit is clear: it is *written to swap*, and its frame will go to somebody else.")
    check(out.anon == 1 and out.referenced == 0, "an anonymous page that nobody used was written out")

    check(finish() == 0, "the program ended well, with every hot page as it was")
  end,
}
