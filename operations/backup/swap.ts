/**
 * Shell scripts that put new content in the place of a volume's old content, each run at the volume's root. The new
 * content is unpacked beside the old one, so that the change itself is a matter of renaming, and can be undone.
 *
 * A folder of each name says how far it went: `moving` holds a part of the old content, `old` all of it.
 */
export const NEW = ".restore-new";
const MOVING = ".restore-moving";
const OLD = ".restore-old";

/** Moves everything but these scripts' own folders, and what a file system keeps at its root. */
const move = (from: string, to: string) =>
  `(cd ${from} && for entry in * .[!.]* ..?*; do
  [ -e "$entry" ] || [ -L "$entry" ] || continue
  case "$entry" in ${NEW}|${MOVING}|${OLD}|lost+found) continue ;; esac
  mv "$entry" ${to}/ || exit 1
done)`;

/** Puts the old content back, however far a restore went; where none was begun, nothing changes. No program may run. */
export const UNDO = `set -e
root=$(pwd)
if [ -d ${OLD} ]; then
  for entry in * .[!.]* ..?*; do
    case "$entry" in ${NEW}|${MOVING}|${OLD}|lost+found) continue ;; esac
    rm -rf "$entry"
  done
  mv ${OLD} ${MOVING}
fi
if [ -d ${MOVING} ]; then
  ${move(MOVING, '"$root"')}
  rm -rf ${MOVING}
fi
rm -rf ${NEW}`;

/** Whether an earlier restore was cut off between the old content and the new: says `cut off`, or nothing. */
export const LOOK = `if [ -d ${MOVING} ] || [ -d ${OLD} ]; then echo cut off; fi`;

/** Makes the folder for the new content. */
export const PREPARE = `rm -rf ${NEW} && mkdir ${NEW}`;

/** How many entries were unpacked, the folder itself included. */
export const COUNT = `find ${NEW} | wc -l`;

/** Puts the new content in the place of the old one. The program must not run. */
export const SWAP = `set -e
root=$(pwd)
mkdir ${MOVING}
${move(".", `"$root"/${MOVING}`)}
mv ${MOVING} ${OLD}
${move(NEW, '"$root"')}
rm -rf ${NEW}`;

/** Removes new content that was unpacked and is not in use. */
export const DISCARD = `rm -rf ${NEW}`;

/** Removes the old content. */
export const FINISH = `rm -rf ${OLD}`;
