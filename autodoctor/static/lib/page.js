/** Scripts of every page. Each part works alone; without scripts the page still works. */
import "lib/busy";
import "lib/counter";
import "lib/dialogs";
import "lib/print";
import "lib/signed-out";
import "lib/sound-switch";
import "lib/time-zone";
import "lib/toasts";
