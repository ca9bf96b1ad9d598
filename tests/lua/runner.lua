-- busted under whichever interpreter runs this: the program of that name picks one of its own.
require("busted.runner")({ standalone = false })
