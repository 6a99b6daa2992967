-- When the working set does not fit, everything waits for the disk.
return {
  title = "Thrashing: a working set just larger than memory, and time runs away",
  memory = "16M",
  swap = "48M",
  program = { "hog", "20", "3" },

  play = function()
    show("reclaim")
    event("boot_phase", function(e) return e.phase == 4 end)
    local start = now()
    event("mm_swap_out")
    local fits = now() - start
    local pages = faults()
    say("The first megabytes fit: " .. pages .. " page faults in " .. fits // 1000000 .. " ms. From here on every new page pushes an old one out.")

    event("mm_swap_in", function() return count("mm_swap_in") > 4000 end)
    local majors = faults("swap_in")
    say("The program reads its 20 MiB in a circle. The page that it needs next is always the one that was written out longest ago, because the *least recently used* page is the next in the circle: the worst case of LRU. It waits for the disk nearly all the time.")
    check(majors > 0, "faults wait for the swap area")

    check(finish() == 0, "the program ended well, at last")
    local total = now() - start
    say("It took " .. total // 1000000 .. " ms of virtual time. With a little more memory it would have been a few milliseconds: that is *thrashing*.")
    check(total > 20 * fits, "the run took more than twenty times as long as the part that fitted")
    check(count("mm_swap_in") > 8000, "pages came back thousands of times")
  end,
}
