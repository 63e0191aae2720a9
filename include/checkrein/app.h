/* app.h - the program: subcommands over the modules below. main.c calls it and nothing else does.
 */
#ifndef CHECKREIN_APP_H
#define CHECKREIN_APP_H

/* Runs the subcommand that argv names, the console when it names none; gives the exit code. */
int app_main(int argc, char **argv);

#endif
