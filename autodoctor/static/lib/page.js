/** Scripts of every page. Each part works alone; without scripts the page still works. */
import "lib/offline"; // before what makes a form busy: it may not be sent at all
import "lib/busy";
import "lib/counter";
import "lib/dialogs";
import "lib/print";
import "lib/signed-out";
import "lib/sound-switch";
import "lib/time-zone";
import "lib/toasts";
