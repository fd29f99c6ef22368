/** What every page does beyond plain HTML. Each part works alone; without scripts the page still works. */
import "page/busy";
import "page/counter";
import "page/dialogs";
import "page/sound-switch";
import "page/toasts";
