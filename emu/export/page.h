/* The files of page/ as text, put into the program by embed.py. */
#ifndef FAULTLINE_EXPORT_PAGE_H
#define FAULTLINE_EXPORT_PAGE_H

extern const char export_page_html[], export_page_style[], export_page_script[];

#endif
