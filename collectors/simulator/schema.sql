-- VectorCraft's own DDL, word for word: the tables the console reads, and their indexes.
-- A test holds it to the sample database, so that the demo shop and the tests' shops are what production is.

CREATE TABLE users (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    username TEXT UNIQUE NOT NULL,
                    email TEXT UNIQUE NOT NULL,
                    password_hash TEXT NOT NULL,
                    salt TEXT NOT NULL,
                    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                    last_login TIMESTAMP,
                    is_active BOOLEAN DEFAULT 1
                );

CREATE TABLE user_uploads (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    user_id INTEGER NOT NULL,
                    filename TEXT NOT NULL,
                    original_filename TEXT NOT NULL,
                    file_size INTEGER,
                    upload_date TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                    svg_filename TEXT,
                    processing_time REAL,
                    strategy_used TEXT,
                    FOREIGN KEY (user_id) REFERENCES users (id)
                );

CREATE TABLE transactions (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    transaction_id TEXT UNIQUE NOT NULL,
                    email TEXT NOT NULL,
                    username TEXT,
                    amount DECIMAL(10,2),
                    currency TEXT DEFAULT 'USD',
                    paypal_order_id TEXT,
                    paypal_payment_id TEXT,
                    status TEXT DEFAULT 'pending',
                    error_message TEXT,
                    user_created INTEGER DEFAULT 0,
                    email_sent INTEGER DEFAULT 0,
                    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                    completed_at TIMESTAMP,
                    metadata TEXT
                );

CREATE INDEX idx_transactions_email ON transactions(email);

CREATE INDEX idx_transactions_status ON transactions(status);

CREATE INDEX idx_transactions_created_at ON transactions(created_at);

CREATE TABLE system_health (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    component TEXT NOT NULL,
                    status TEXT NOT NULL,
                    response_time INTEGER,
                    error_message TEXT,
                    checked_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
                );

CREATE INDEX idx_system_health_component ON system_health(component);

CREATE INDEX idx_system_health_checked_at ON system_health(checked_at);

CREATE TABLE system_logs (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    level TEXT NOT NULL,
                    component TEXT NOT NULL,
                    message TEXT NOT NULL,
                    details TEXT,
                    user_email TEXT,
                    transaction_id TEXT,
                    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
                );

CREATE INDEX idx_system_logs_level ON system_logs(level);

CREATE INDEX idx_system_logs_created_at ON system_logs(created_at);

CREATE TABLE admin_alerts (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    type TEXT NOT NULL,
                    title TEXT NOT NULL,
                    message TEXT NOT NULL,
                    component TEXT,
                    resolved INTEGER DEFAULT 0,
                    email_sent INTEGER DEFAULT 0,
                    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                    resolved_at TIMESTAMP
                );

CREATE INDEX idx_admin_alerts_resolved ON admin_alerts(resolved);

CREATE TABLE user_activities (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    user_id INTEGER NOT NULL,
                    activity_type TEXT NOT NULL,
                    description TEXT NOT NULL,
                    ip_address TEXT,
                    user_agent TEXT,
                    details TEXT,
                    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                    FOREIGN KEY (user_id) REFERENCES users (id)
                );

CREATE INDEX idx_user_activities_user_id ON user_activities(user_id);

CREATE INDEX idx_user_activities_type ON user_activities(activity_type);

CREATE INDEX idx_user_activities_timestamp ON user_activities(timestamp);

CREATE TABLE performance_metrics (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    metric_type TEXT NOT NULL,
                    endpoint TEXT NOT NULL,
                    value REAL NOT NULL,
                    status TEXT NOT NULL,
                    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP
                );

CREATE INDEX idx_performance_metrics_type ON performance_metrics(metric_type);

CREATE INDEX idx_performance_metrics_endpoint ON performance_metrics(endpoint);

CREATE INDEX idx_performance_metrics_timestamp ON performance_metrics(timestamp);

CREATE TABLE system_metrics (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    metric_type TEXT NOT NULL,
                    cpu_percent REAL,
                    memory_percent REAL,
                    disk_percent REAL,
                    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP
                );

CREATE INDEX idx_system_metrics_type ON system_metrics(metric_type);

CREATE INDEX idx_system_metrics_timestamp ON system_metrics(timestamp);

CREATE TABLE email_logs (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    transaction_id TEXT,
                    email_type TEXT NOT NULL,
                    recipient_email TEXT NOT NULL,
                    subject TEXT NOT NULL,
                    template_id TEXT,
                    status TEXT DEFAULT 'pending',
                    smtp_response TEXT,
                    delivery_attempts INTEGER DEFAULT 0,
                    sent_at TIMESTAMP,
                    delivered_at TIMESTAMP,
                    opened_at TIMESTAMP,
                    clicked_at TIMESTAMP,
                    bounced_at TIMESTAMP,
                    complaint_at TIMESTAMP,
                    error_message TEXT,
                    metadata TEXT,
                    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
                );

CREATE INDEX idx_email_logs_recipient ON email_logs(recipient_email);

CREATE INDEX idx_email_logs_status ON email_logs(status);

CREATE INDEX idx_email_logs_created_at ON email_logs(created_at);

CREATE INDEX idx_email_logs_transaction_id ON email_logs(transaction_id);

CREATE INDEX idx_email_logs_email_type ON email_logs(email_type);

CREATE TABLE dispute_cases (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        case_id TEXT UNIQUE NOT NULL,
                        transaction_id TEXT NOT NULL,
                        customer_email TEXT NOT NULL,
                        dispute_type TEXT NOT NULL,
                        status TEXT NOT NULL,
                        priority TEXT NOT NULL,
                        amount DECIMAL(10,2) NOT NULL,
                        currency TEXT DEFAULT 'USD',
                        description TEXT,
                        customer_message TEXT,
                        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                        due_date TIMESTAMP,
                        resolved_at TIMESTAMP,
                        resolution_notes TEXT,
                        assigned_to TEXT,
                        paypal_case_id TEXT,
                        evidence_files TEXT,
                        communication_log TEXT,
                        FOREIGN KEY (transaction_id) REFERENCES transactions (transaction_id)
                    );

CREATE INDEX idx_dispute_cases_status ON dispute_cases(status);

CREATE INDEX idx_dispute_cases_priority ON dispute_cases(priority);

CREATE INDEX idx_dispute_cases_created_at ON dispute_cases(created_at);
