COPY mxgrade.submitted_line (survey_id, line_no, input, name, rank, rejected) FROM STDIN
