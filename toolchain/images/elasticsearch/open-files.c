/*
 * Tells Java that a process may open as many files as several nodes of the server insist on. Loaded only where the machine allows
 * fewer: what a test writes needs a few hundred.
 */
enum { OPEN_FILES = 7, WANTED = 65535 };

struct limits {
  unsigned long soft, hard;
};

int prlimit(int process, int resource, const struct limits *wanted, struct limits *found);

int getrlimit(int resource, struct limits *found) {
  int failure = prlimit(0, resource, 0, found);
  if (failure == 0 && resource == OPEN_FILES && found->soft < WANTED) found->soft = WANTED;
  return failure;
}

int getrlimit64(int resource, struct limits *found) { return getrlimit(resource, found); }
